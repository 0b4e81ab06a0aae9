"""Bodies of HTTP requests: transfer and content codings and forms, with limits."""

from __future__ import annotations

import importlib
import io
import zlib
from collections.abc import Callable, Iterator
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any, Final, Protocol

import lz4.frame

from sinks.embedded import limits
from sinks.embedded.faults import BrokenPacketError, EngineError
from sinks.embedded.frames import FrameReader
from sinks.embedded.tape import Tape

__all__ = ["Body", "form_fields", "open_body"]

_MAX_CHUNK_LINE: Final = 1024


class Body(Protocol):
    """A request's data: an empty piece is its end."""

    def piece(self) -> bytes:
        """Return the next piece; raises BrokenPacketError, EOFError, OSError."""


class _Plain:
    """A body with a length, or in chunks."""

    def __init__(self, source: io.BufferedIOBase, length: int | None) -> None:
        self._source = source
        self._left = length
        self._chunk = 0
        self._ended = length == 0

    def piece(self) -> bytes:
        if self._ended:
            return b""
        if self._left is None:
            return self._chunked()
        data = self._some(self._left)
        self._left -= len(data)
        self._ended = not self._left
        return data

    def _some(self, most: int) -> bytes:
        # One read of what has arrived: a slow client must not hold back what it sent.
        data = self._source.read1(min(most, limits.HTTP_CHUNK_BYTES))
        if not data:
            raise EOFError
        return bytes(data)

    def _chunked(self) -> bytes:
        if not self._chunk:
            line = self._source.readline(_MAX_CHUNK_LINE).split(b";")[0].strip()
            try:
                self._chunk = int(line, 16)
            except ValueError as error:
                raise BrokenPacketError("A chunk of the request has no size.") from error
            if self._chunk <= 0:
                while self._source.readline(_MAX_CHUNK_LINE).strip():
                    pass
                self._ended = True
                return b""
        data = self._some(self._chunk)
        self._chunk -= len(data)
        if not self._chunk:
            self._source.readline(_MAX_CHUNK_LINE)
        return data


class _Unpacked:
    """A body behind an incremental decompressor; several streams may follow each other."""

    def __init__(self, inner: Body, new: Callable[[], Any], failures: tuple[type[Exception], ...]):
        self._inner = inner
        self._new = new
        self._failures = failures
        self._codec = new()
        self._begun = False
        self._rest = b""

    def piece(self) -> bytes:
        while True:
            if self._codec.eof:
                self._rest = (self._codec.unused_data or b"") + self._rest
                self._codec, self._begun = self._new(), False
            data = b""
            if self._codec.needs_input:
                data = self._rest or self._inner.piece()
                self._rest = b""
                if not data:
                    return self._finished()
                self._begun = True
            try:
                # Bounded: a small body may unpack to more than the machine has.
                out = self._codec.decompress(data, limits.FRAME_BYTES)
            except self._failures as error:
                raise BrokenPacketError("The compressed body does not unpack.") from error
            if out:
                return bytes(out)

    def _finished(self) -> bytes:
        if self._begun:
            raise BrokenPacketError("The compressed body ends too early.")
        return b""


class _Frames:
    """A body in the frames of the native protocol (`decompress=1`)."""

    def __init__(self, inner: Body) -> None:
        def pull(_missing: int) -> bytes:
            data = inner.piece()
            if not data:
                raise EOFError
            return data

        self._raw = Tape(pull)
        self._read = FrameReader(self._raw)

    def piece(self) -> bytes:
        try:
            self._raw.ensure(1)
        except EOFError:
            return b""
        return self._read(1)


class _Inflate:
    """zlib's object with the names of the other decompressors."""

    def __init__(self, bits: int) -> None:
        self._codec = zlib.decompressobj(bits)

    @property
    def eof(self) -> bool:
        return self._codec.eof

    @property
    def needs_input(self) -> bool:
        return not self._codec.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._codec.unused_data

    def decompress(self, data: bytes, most: int) -> bytes:
        return self._codec.decompress(self._codec.unconsumed_tail + data, most)


def _zstd_stream() -> Any:
    """Return a class of incremental ZSTD decompressors: Python's own, or its back port."""
    for name in ("compression.zstd", "backports.zstd"):
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    raise EngineError.named(
        "NOT_IMPLEMENTED",
        "This server has no incremental ZSTD: send lz4 or gzip, or install backports.zstd",
    )


def open_body(
    source: io.BufferedIOBase, *, length: int | None, coding: str, native_frames: bool
) -> Body:
    """Return the decoded body of a request; `length` None means chunked.

    Raises:
        EngineError: NOT_IMPLEMENTED for an unknown content coding.
    """
    body: Body = _Plain(source, length)
    coding = coding.strip().lower()
    if coding in ("gzip", "x-gzip", "deflate"):
        bits = zlib.MAX_WBITS + (0 if coding == "deflate" else 16)
        body = _Unpacked(body, lambda: _Inflate(bits), (zlib.error,))
    elif coding == "lz4":
        body = _Unpacked(body, lz4.frame.LZ4FrameDecompressor, (RuntimeError,))
    elif coding == "zstd":
        module = _zstd_stream()
        body = _Unpacked(body, module.ZstdDecompressor, (module.ZstdError,))
    elif coding not in ("", "identity"):
        raise EngineError.named(
            "NOT_IMPLEMENTED", f"Unknown content coding {coding[:20]}: use gzip, lz4 or zstd"
        )
    return _Frames(body) if native_frames else body


def form_fields(body: Body, content_type: str) -> Iterator[tuple[str, bytes, bool]]:
    """Yield (name, value, is a file) of a multipart form; raises BrokenPacketError."""
    raw = io.BytesIO(f"Content-Type: {content_type}\r\n\r\n".encode())
    raw.seek(0, io.SEEK_END)
    while data := body.piece():
        raw.write(data)
        if raw.tell() > limits.HTTP_MAX_FORM_BYTES:
            raise BrokenPacketError(f"A form has more than {limits.HTTP_MAX_FORM_BYTES} bytes.")
    raw.seek(0)
    message = BytesParser(policy=HTTP).parse(raw)
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        value = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(value, bytes):
            yield name, value, part.get_filename() is not None
