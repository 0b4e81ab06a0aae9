"""Bytes that arrive in pieces, read with limits: never allocates from a length it was told."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Final

from sinks.embedded import limits
from sinks.embedded.faults import BrokenPacketError

__all__ = ["Tape", "pack_string", "pack_varint"]

_MAX_VARINT_BYTES: Final = 10
_CONTINUED: Final = 0x80


class Tape:
    """A cursor over bytes that `pull` goes on delivering.

    Args:
        pull: returns one or more further bytes (it is told how many are missing), and raises
            EOFError when there are none. It decides how much memory one step takes.
        data: bytes that are there already.
    """

    __slots__ = ("_pull", "data", "pos")

    def __init__(self, pull: Callable[[int], bytes], data: bytes = b"") -> None:
        self._pull = pull
        self.data = bytearray(data)
        self.pos = 0

    @property
    def pending(self) -> int:
        """The bytes that were pulled and not read."""
        return len(self.data) - self.pos

    def ensure(self, size: int) -> None:
        """Have `size` bytes after the cursor; raises EOFError at the end, BrokenPacketError."""
        missing = self.pos + size - len(self.data)
        if missing <= 0:
            return
        if size > limits.MAX_BLOCK_BYTES:
            raise BrokenPacketError(f"A packet claims {size} bytes at once.")
        while missing > 0:
            piece = self._pull(missing)
            self.data += piece
            missing -= len(piece)

    def skip(self, size: int) -> None:
        """Move past `size` bytes."""
        self.ensure(size)
        self.pos += size

    def take(self, size: int) -> bytes:
        """Return the next `size` bytes."""
        self.ensure(size)
        start = self.pos
        self.pos += size
        return bytes(self.data[start : self.pos])

    def byte(self) -> int:
        """Return the next byte as a number."""
        self.ensure(1)
        self.pos += 1
        return self.data[self.pos - 1]

    def uint32(self) -> int:
        """Return a little-endian UInt32."""
        return int.from_bytes(self.take(4), "little")

    def uint64(self) -> int:
        """Return a little-endian UInt64."""
        return int.from_bytes(self.take(8), "little")

    def varint(self) -> int:
        """Return an unsigned LEB128 number; raises BrokenPacketError past 64 bits."""
        value = shift = 0
        for _ in range(_MAX_VARINT_BYTES):
            part = self.byte()
            value |= (part & 0x7F) << shift
            if part < _CONTINUED:
                return value
            shift += 7
        raise BrokenPacketError("A number in a packet is longer than 64 bits.")

    def raw_string(self, limit: int) -> bytes:
        """Return a length-prefixed string of at most `limit` bytes."""
        size = self.varint()
        if size > limit:
            raise BrokenPacketError(f"A string in a packet has {size} bytes; the limit is {limit}.")
        return self.take(size)

    def string(self, limit: int) -> str:
        """Return a length-prefixed UTF-8 string; bytes that are not UTF-8 break the packet."""
        try:
            return self.raw_string(limit).decode()
        except UnicodeDecodeError as error:
            raise BrokenPacketError("A string in a packet is not UTF-8.") from error

    def skip_strings(self, count: int) -> None:
        """Move past `count` length-prefixed strings: the hot loop of every text column."""
        data, pos, end = self.data, self.pos, len(self.data)
        for _ in range(count):
            if pos >= end:
                self.pos = pos if pos == end else end
                self.ensure(pos - self.pos + 1)
                end = len(data)
            size = data[pos]
            pos += 1
            if size >= _CONTINUED:
                self.pos = pos - 1
                size = self.varint()
                if size > limits.MAX_STRING_BYTES:
                    raise BrokenPacketError(f"A value of {size} bytes is longer than allowed.")
                pos, end = self.pos, len(data)
            pos += size
        self.pos = min(pos, end)
        self.skip(pos - self.pos)

    def offset_at(self, index: int) -> int:
        """Return the UInt64 at absolute position `index`, which has been read before."""
        return int(struct.unpack_from("<Q", self.data, index)[0])

    def cut(self) -> None:
        """Forget what has been read. A memory view of it must not be alive."""
        del self.data[: self.pos]
        self.pos = 0


def pack_varint(value: int) -> bytes:
    """Encode an unsigned number as LEB128."""
    out = bytearray()
    while value >= _CONTINUED:
        out.append((value & 0x7F) | _CONTINUED)
        value >>= 7
    out.append(value)
    return bytes(out)


def pack_string(value: str | bytes) -> bytes:
    """Encode a length-prefixed string."""
    raw = value.encode() if isinstance(value, str) else value
    return pack_varint(len(raw)) + raw
