"""An answer of the HTTP interface: head, pieces, and errors before or in the middle of it."""

from __future__ import annotations

import contextlib
import json
import secrets
import tempfile
import time
import uuid
from http.server import BaseHTTPRequestHandler
from typing import IO

from sinks.embedded import limits
from sinks.embedded.faults import EngineError
from sinks.embedded.webcoding import Packer, choose_packer
from sinks.embedded.webrequest import CONTENT_TYPES

__all__ = ["Answer", "Counts"]


class Counts:
    """What a query read and wrote, as `X-ClickHouse-Summary` tells it."""

    def __init__(self) -> None:
        self.read_rows = self.read_bytes = self.written_rows = self.result_rows = 0
        self._started = time.monotonic_ns()

    def summary(self) -> str:
        """Encode it; ClickHouse writes the numbers as strings."""
        return json.dumps(
            {
                "read_rows": str(self.read_rows),
                "read_bytes": str(self.read_bytes),
                "written_rows": str(self.written_rows),
                "written_bytes": "0",
                "total_rows_to_read": "0",
                "result_rows": str(self.result_rows or self.written_rows),
                "result_bytes": "0",
                "elapsed_ns": str(time.monotonic_ns() - self._started),
            },
            separators=(",", ":"),
        )


class Answer:
    """Sends one answer. Without `wait` the head goes out with the first piece."""

    def __init__(self, handler: BaseHTTPRequestHandler, timezone: str) -> None:
        self._handler = handler
        self._timezone = timezone
        self._tag = secrets.token_hex(8)
        self._spool: IO[bytes] | None = None
        self._sent_head = False
        self.query_id = str(uuid.uuid4())
        self.packer: Packer = choose_packer("", enabled=False, native_frames=False)
        self.format = "TabSeparated"
        self.counts = Counts()
        # A status that a coming error has whatever its code; 0: the code's own.
        self.status = 0

    def wait(self) -> None:
        """Keep the pieces until the end: errors and the summary are then exact."""
        self._spool = tempfile.SpooledTemporaryFile(limits.HTTP_SPOOL_BYTES)  # noqa: SIM115 - close() closes it

    def piece(self, data: bytes) -> None:
        """Send or keep a piece; raises OSError when the client is gone."""
        packed = self.packer.pack(data) if data else b""
        if self._spool is not None:
            self._spool.write(packed)
        elif packed:
            self._start()
            self._chunk(packed)

    def finish(self) -> None:
        """End the answer."""
        last = self.packer.end()
        if self._spool is None:
            self._start()
            self._chunk(last)
            self._handler.wfile.write(b"0\r\n\r\n")
            return
        self._spool.write(last)
        length = self._spool.tell()
        self._spool.seek(0)
        self._head(200, coding=self.packer.coding)
        self._handler.send_header("Content-Length", str(length))
        self._handler.end_headers()
        if self._handler.command != "HEAD":
            while data := self._spool.read(limits.HTTP_CHUNK_BYTES):
                self._handler.wfile.write(data)
        self._spool.close()

    def fail(self, fault: EngineError, status: int) -> None:
        """Tell an error; after the head it can only be put into the body, and the body broken."""
        text = f"{fault}\n".encode(errors="replace")
        self._handler.close_connection = True
        if self._spool is not None:
            self._spool.close()
        with contextlib.suppress(OSError):
            if self._sent_head:
                self._chunk(self.packer.pack(self._tagged(text)) + self.packer.end())
                return
            self._head(status)
            self._handler.send_header("X-ClickHouse-Exception-Code", str(fault.code))
            if status == 401:  # noqa: PLR2004 - HTTP's own number
                self._handler.send_header("WWW-Authenticate", 'Basic realm="ClickHouse"')
            self._handler.send_header("Content-Length", str(len(text)))
            self._handler.end_headers()
            if self._handler.command != "HEAD":
                self._handler.wfile.write(text)

    def _tagged(self, text: bytes) -> bytes:
        tag = self._tag.encode()
        marker = b"__exception__"
        return b"\r\n%s\r\n%s\r\n%s%d %s\r\n%s\r\n" % (marker, tag, text, len(text), tag, marker)

    def _start(self) -> None:
        if self._sent_head:
            return
        self._sent_head = True
        self._head(200, coding=self.packer.coding)
        self._handler.send_header("X-ClickHouse-Exception-Tag", self._tag)
        self._handler.send_header("Transfer-Encoding", "chunked")
        self._handler.end_headers()

    def _chunk(self, data: bytes) -> None:
        if data and self._handler.command != "HEAD":
            self._handler.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))

    def _head(self, status: int, coding: str = "") -> None:
        handler = self._handler
        handler.send_response(status)
        kind = CONTENT_TYPES.get(self.format, "text/plain; charset=UTF-8")
        handler.send_header("Content-Type", kind)
        handler.send_header("X-ClickHouse-Server-Display-Name", "embedded")
        handler.send_header("X-ClickHouse-Query-Id", _header_text(self.query_id))
        handler.send_header("X-ClickHouse-Timezone", self._timezone)
        handler.send_header("X-ClickHouse-Format", _header_text(self.format))
        handler.send_header("X-ClickHouse-Summary", self.counts.summary())
        if coding:
            handler.send_header("Content-Encoding", coding)
        if handler.close_connection:
            handler.send_header("Connection", "close")


def _header_text(value: str) -> str:
    """Keep what may stand in a header line: a client's own text must not end it."""
    return "".join(char for char in value if char.isascii() and char.isprintable())[:200]
