"""One connection of ClickHouse's HTTP interface."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from email.message import Message
from http.server import BaseHTTPRequestHandler
from typing import Any, ClassVar
from urllib.parse import urlsplit

import structlog

from sinks.embedded import limits
from sinks.embedded.engine import Engine
from sinks.embedded.faults import BrokenPacketError, EngineError
from sinks.embedded.queries import Gate, Running
from sinks.embedded.session import Session
from sinks.embedded.watch import Lease, Watcher
from sinks.embedded.webanswer import Answer
from sinks.embedded.webbody import Body, form_fields, open_body
from sinks.embedded.webcoding import choose_packer
from sinks.embedded.webquery import WebQuery
from sinks.embedded.webrequest import Parameters, credentials, status_of
from sinks.embedded.websessions import HttpSessions

__all__ = ["WebConnection"]

log = structlog.get_logger(__name__)


class WebConnection:
    """Serves the requests of one HTTP connection; `serve` is the body of a thread."""

    def __init__(
        self,
        lease: Lease,
        *,
        engine: Engine,
        gate: Gate,
        running: Running,
        watcher: Watcher,
        sessions: HttpSessions,
    ) -> None:
        self.lease = lease
        self.engine = engine
        self.gate = gate
        self.running = running
        self.watcher = watcher
        self.sessions = sessions

    def serve(self) -> None:
        """Answer until the client leaves, breaks the protocol or takes too long."""
        try:
            self.lease.expect(limits.LOGIN_TIMEOUT_S)
            _Handler(self)
        except (EOFError, OSError):
            log.debug("connection_ended", protocol="http")
        finally:
            self.lease.expect(None)
            self.watcher.leave(self.lease)


class _Handler(BaseHTTPRequestHandler):
    """Reads requests one after the other; the base class parses their heads."""

    protocol_version = "HTTP/1.1"
    server_version = "ClickHouse"
    sys_version = ""
    headers: Message
    quiet_paths: ClassVar = frozenset({"/ping", "/replicas_status"})

    def __init__(self, link: WebConnection) -> None:
        self.link = link
        # The base class wants a socketserver; it only ever reads the socket.
        super().__init__(link.lease.sock, "client", None)  # type: ignore[arg-type]  # see above

    def handle_one_request(self) -> None:
        """Bound the head of each request, then let the base class read it."""
        super().handle_one_request()
        self.link.lease.expect(limits.HTTP_KEEP_ALIVE_S)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Log nothing: the line would hold the query."""

    def do_HEAD(self) -> None:
        """Answer like GET, without the body."""
        self._serve()

    def do_GET(self) -> None:
        """Answer a reading statement."""
        self._serve()

    def do_POST(self) -> None:
        """Answer any statement."""
        self._serve()

    def _serve(self) -> None:
        self.link.lease.expect(limits.STALL_TIMEOUT_S)
        url = urlsplit(self.path)
        if url.path in self.quiet_paths or (url.path == "/" and self._asks_nothing(url.query)):
            self._plain(200, "Ok.\n")
        elif url.path != "/":
            self._plain(404, f"There is no handle {url.path[:100]}\n\nUse / or /ping.\n")
        else:
            self._query(url.query)

    def _asks_nothing(self, query: str) -> bool:
        return self.command != "POST" and not query

    def _plain(self, status: int, text: str) -> None:
        self._drop_body()
        data = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=UTF-8")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def _drop_body(self) -> None:
        if self.headers.get("Content-Length", "0") != "0" or "Transfer-Encoding" in self.headers:
            self.close_connection = True

    def _query(self, query: str) -> None:
        answer = Answer(self, self.link.engine.timezone)
        started = time.monotonic()
        try:
            self._run(query, answer)
        except BrokenPacketError as error:
            log.warning("connection_broken", protocol="http", reason=error.what)
            self.close_connection = True
            answer.fail(EngineError.named("BAD_ARGUMENTS", error.what), 400)
        except EngineError as fault:
            took_s = round(time.monotonic() - started, 3)
            log.info("query_failed", code=fault.code, took_s=took_s)
            answer.fail(fault, answer.status or status_of(fault.code))

    def _run(self, query: str, answer: Answer) -> None:
        try:
            given = Parameters.read(query)
        except ValueError as error:
            raise BrokenPacketError("The URL has too many parameters.") from error
        answer.query_id = given.own.get("query_id", "") or answer.query_id
        who = credentials(self.headers, given.own)  # type: ignore[arg-type]  # a Message reads as a mapping
        user, password = who or ("default", "")
        if who is None and self.link.gate.password is not None:
            answer.status = 401
        self.link.gate.check(user, password)
        body = self._body(given)
        files: dict[str, bytes] = {}
        content_type = self.headers.get("Content-Type", "")
        if content_type.lower().startswith("multipart/form-data"):
            fields: list[tuple[str, str]] = []
            for name, value, is_file in form_fields(body, content_type):
                if is_file:
                    files[name] = value
                else:
                    fields.append((name, value.decode(errors="surrogateescape")))
            given = Parameters.read(query, fields)
        answer.packer = choose_packer(
            self.headers.get("Accept-Encoding", ""),
            enabled=given.settings.get("enable_http_compression", "0") in ("1", "true"),
            native_frames=given.flag("compress"),
        )
        with self._session(user, given) as session, self._watched(session, given):
            WebQuery(session, given, body, files, self.link.running.kill).run(
                answer,
                readonly=self.command != "POST",
                default_format=self.headers.get("X-ClickHouse-Format", ""),
            )
        # Only now may the client send the next request: its session and its query id are free.
        answer.finish()

    def _body(self, given: Parameters) -> Body:
        length: int | None = 0
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            length = None
        elif "Content-Length" in self.headers:
            text = self.headers["Content-Length"]
            if not text.isdigit():
                raise BrokenPacketError("The Content-Length is not a number.")
            length = int(text)
        return open_body(
            self.rfile,
            length=length,
            coding=self.headers.get("Content-Encoding", ""),
            native_frames=given.flag("decompress"),
        )

    @contextlib.contextmanager
    def _session(self, user: str, given: Parameters) -> Iterator[Session]:
        database = given.own.get("database", "") or self.headers.get("X-ClickHouse-Database", "")
        with self.link.sessions.use(
            user,
            given.own.get("session_id", ""),
            timeout_s=given.session_timeout_s(),
            must_exist=given.flag("session_check"),
            close=given.flag("close_session"),
        ) as session:
            if database:
                session.use(database)
            yield session

    @contextlib.contextmanager
    def _watched(self, session: Session, given: Parameters) -> Iterator[None]:
        """Register the query's id; cancel it when the client leaves, if the client wants that."""
        wanted = given.settings.get("cancel_http_readonly_queries_on_client_close", "0")
        leaves = wanted in ("1", "true")
        with (
            self.link.running.named(given.own.get("query_id", ""), session),
            self.link.watcher.running(
                self.link.lease, session, lambda first: leaves and first == b""
            ),
        ):
            yield
