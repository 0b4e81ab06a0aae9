"""Content codings of HTTP answers."""

from __future__ import annotations

import zlib
from typing import Protocol

import lz4.frame
import zstd

from sinks.embedded.frames import LZ4, pack_frames

__all__ = ["Packer", "choose_packer"]


class Packer(Protocol):
    """Compresses an answer piece by piece."""

    coding: str

    def pack(self, data: bytes) -> bytes:
        """Return bytes to send for `data`; they may come later."""

    def end(self) -> bytes:
        """Return the last bytes."""


class _Identity:
    coding = ""

    def pack(self, data: bytes) -> bytes:
        return data

    def end(self) -> bytes:
        return b""


class _Deflate:
    def __init__(self, coding: str) -> None:
        self.coding = coding
        bits = zlib.MAX_WBITS + (0 if coding == "deflate" else 16)
        self._codec = zlib.compressobj(1, wbits=bits)

    def pack(self, data: bytes) -> bytes:
        return self._codec.compress(data)

    def end(self) -> bytes:
        return self._codec.flush()


class _Lz4:
    coding = "lz4"

    def __init__(self) -> None:
        self._codec = lz4.frame.LZ4FrameCompressor()
        self._head = bytes(self._codec.begin())

    def pack(self, data: bytes) -> bytes:
        head, self._head = self._head, b""
        return head + bytes(self._codec.compress(data))

    def end(self) -> bytes:
        head, self._head = self._head, b""
        return head + bytes(self._codec.flush())


class _Zstd:
    """One ZSTD frame a piece: frames may follow each other."""

    coding = "zstd"

    def pack(self, data: bytes) -> bytes:
        return bytes(zstd.compress(data, 1)) if data else b""

    def end(self) -> bytes:
        return b""


class _NativeFrames:
    """`compress=1`: the frames of the native protocol."""

    coding = ""

    def pack(self, data: bytes) -> bytes:
        return pack_frames(data, LZ4)

    def end(self) -> bytes:
        return b""


def choose_packer(accepted: str, *, enabled: bool, native_frames: bool) -> Packer:
    """Choose the coding of an answer from the request's `Accept-Encoding`."""
    if native_frames:
        return _NativeFrames()
    wanted = {part.split(";")[0].strip().lower() for part in accepted.split(",")}
    if enabled and "lz4" in wanted:
        return _Lz4()
    if enabled and "zstd" in wanted:
        return _Zstd()
    for coding in ("gzip", "deflate"):
        if enabled and coding in wanted:
            return _Deflate(coding)
    return _Identity()
