"""Compressed frames of the native protocol: a checksum, a method, two sizes, the data."""

from __future__ import annotations

import struct
from typing import Final

import lz4.block
import zstd
from clickhouse_cityhash.cityhash import CityHash128

from sinks.embedded import limits
from sinks.embedded.faults import BrokenPacketError
from sinks.embedded.tape import Tape

__all__ = ["LZ4", "NONE", "ZSTD", "FrameReader", "pack_frames"]

LZ4: Final = 0x82
ZSTD: Final = 0x90
NONE: Final = 0x02
_CHECKSUM_BYTES: Final = 16
_HEAD: Final = struct.Struct("<BII")
_HALF: Final = (1 << 64) - 1
# ZSTD frame header: magic, descriptor; the content size follows the window and dictionary ids.
_ZSTD_SHORTEST: Final = 9
_ZSTD_MAGIC: Final = b"\x28\xb5\x2f\xfd"
_ZSTD_DICTIONARY_BYTES: Final = (0, 1, 2, 4)
_ZSTD_SIZE_BYTES: Final = (0, 2, 4, 8)


class FrameReader:
    """Delivers the decompressed bytes of a client's frames, one frame a call.

    `method` is what the last frame used: the client reads that, so the answer may use it too.
    """

    def __init__(self, raw: Tape) -> None:
        self._raw = raw
        self.method = LZ4

    def __call__(self, _missing: int) -> bytes:
        """Read one frame; raises BrokenPacketError for a wrong checksum or size, EOFError."""
        raw = self._raw
        checksum = raw.take(_CHECKSUM_BYTES)
        head = raw.take(_HEAD.size)
        method, packed_size, size = _HEAD.unpack(head)
        if packed_size < _HEAD.size or max(packed_size, size) > limits.MAX_BLOCK_BYTES:
            raise BrokenPacketError(f"A frame claims {packed_size} bytes that unpack to {size}.")
        packed = raw.take(packed_size - _HEAD.size)
        raw.cut()
        if checksum != _checksum(head + packed):
            raise BrokenPacketError("A compressed frame has a wrong checksum.")
        data = _unpack(method, packed, size)
        if not data:
            raise BrokenPacketError("A compressed frame is empty.")
        self.method = LZ4 if method == NONE else method
        return data


def pack_frames(data: bytes, method: int) -> bytes:
    """Compress `data` into as many frames as it needs."""
    out: list[bytes] = []
    view = memoryview(data)
    for start in range(0, len(data), limits.FRAME_BYTES):
        piece = bytes(view[start : start + limits.FRAME_BYTES])
        packed = _pack(method, piece)
        frame = _HEAD.pack(method, _HEAD.size + len(packed), len(piece)) + packed
        out += (_checksum(frame), frame)
    return b"".join(out)


def _pack(method: int, piece: bytes) -> bytes:
    if method == ZSTD:
        return bytes(zstd.compress(piece, 1))
    return bytes(lz4.block.compress(piece, store_size=False))


def _checksum(frame: bytes) -> bytes:
    value = CityHash128(frame)
    return struct.pack("<QQ", value >> 64 & _HALF, value & _HALF)


def _unpack(method: int, packed: bytes, size: int) -> bytes:
    try:
        if method == LZ4:
            if size > len(packed) * limits.LZ4_MAX_RATIO:
                raise BrokenPacketError("An LZ4 frame claims more than LZ4 can hold.")
            data = lz4.block.decompress(packed, uncompressed_size=size)
        elif method == ZSTD:
            if _zstd_content_size(packed) != size:
                raise BrokenPacketError("A ZSTD frame contradicts its size.")
            data = zstd.decompress(packed)
        elif method == NONE:
            data = packed
        else:
            raise BrokenPacketError(f"A frame uses the unknown compression {method:#x}.")
    except (lz4.block.LZ4BlockError, zstd.Error, MemoryError) as error:
        raise BrokenPacketError("A compressed frame does not unpack.") from error
    if len(data) != size:
        raise BrokenPacketError("A compressed frame does not unpack to its size.")
    return bytes(data)


def _zstd_content_size(packed: bytes) -> int:
    """Read the size a ZSTD frame announces: its library allocates that much before it looks."""
    if packed[:4] != _ZSTD_MAGIC or len(packed) < _ZSTD_SHORTEST:
        raise BrokenPacketError("A ZSTD frame has no ZSTD header.")
    descriptor = packed[4]
    single = descriptor >> 5 & 1
    start = 5 + (0 if single else 1) + _ZSTD_DICTIONARY_BYTES[descriptor & 3]
    width = _ZSTD_SIZE_BYTES[descriptor >> 6] or single
    if not width:
        raise BrokenPacketError("A ZSTD frame does not announce its size.")
    value = int.from_bytes(packed[start : start + width], "little")
    return value + 256 if width == 2 else value  # noqa: PLR2004 - RFC 8878, 3.1.1.1.4
