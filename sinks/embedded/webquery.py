"""One statement over HTTP: where its text ends and its data begins, and who answers it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Final

from sinks.embedded import limits
from sinks.embedded.blocks import BLOCK_INFO, REVISION_WITH_SERIALISATION_FLAG, wire_blocks
from sinks.embedded.engine import Engine, quote_name
from sinks.embedded.faults import EngineError
from sinks.embedded.session import Session
from sinks.embedded.statements import InsertHead, Statement, read_statement
from sinks.embedded.webanswer import Answer
from sinks.embedded.webbody import Body
from sinks.embedded.webrequest import STREAMED_FORMATS, Parameters

__all__ = ["WebQuery"]

# Settings of the interface: the engine, which has no HTTP, must not be told.
_NOT_FOR_ENGINE: Final = frozenset(
    {
        "enable_http_compression", "send_progress_in_http_headers", "readonly",
        "http_headers_progress_interval_ms", "cancel_http_readonly_queries_on_client_close",
    }
)  # fmt: skip


class WebQuery:
    """Runs the statement of one request in a session that the request has for itself."""

    def __init__(
        self,
        session: Session,
        given: Parameters,
        body: Body,
        files: dict[str, bytes],
        kill: Callable[[str], None],
    ) -> None:
        self._session = session
        self._given = given
        self._body = body
        self._files = files
        self._kill = kill

    def run(self, answer: Answer, *, readonly: bool, default_format: str) -> None:
        """Run it and put the answer together; raises EngineError, BrokenPacketError, EOFError, OSError."""
        text = self._text()
        statement = read_statement(text)
        head = statement.insert
        if head is None:
            statement = read_statement(self._rest_of_query(text))
            self._session.check_single(statement.sql)
        readonly = readonly or self._given.settings.get("readonly", "0") != "0"
        if readonly and self._session.changes_data(statement):
            raise EngineError.named(
                "READONLY",
                "Cannot execute query in readonly mode. For queries over HTTP, "
                "method GET implies readonly. You should use method POST for modifying queries",
            )
        wanted = {
            name: value
            for name, value in self._given.settings.items()
            if name not in _NOT_FOR_ENGINE
        }
        self._session.configure(wanted, frozenset(wanted))
        if head is not None:
            self._insert(answer, head, text[head.data_at :].encode(errors="surrogateescape"))
            return
        killed = Engine.killed_id(statement.sql) if statement.keyword == "KILL" else None
        if killed is not None:
            self._kill(killed)
            return
        own = self._given.own.get("default_format", "")
        answer.format = statement.format or default_format or own or "TabSeparated"
        self._select(answer, statement)

    def _text(self) -> str:
        """Return the statement's text as far as it was read; a body's data may follow in it."""
        given = self._given.own.get("query", "")
        if given:
            return given
        read = self._body.piece()
        while len(read) < limits.HTTP_CHUNK_BYTES and (more := self._body.piece()):
            read += more
        if not read:
            raise EngineError.named("SYNTAX_ERROR", "Syntax error: Empty query")
        return read.decode(errors="surrogateescape")

    def _rest_of_query(self, text: str) -> str:
        raw = bytearray()
        while more := self._body.piece():
            raw += more
            if len(raw) > limits.MAX_QUERY_BYTES:
                raise EngineError.named("SYNTAX_ERROR", "Syntax error: Max query size exceeded")
        gap = "\n" if raw and self._given.own.get("query") else ""
        return text + gap + raw.decode(errors="surrogateescape")

    def _insert(self, answer: Answer, head: InsertHead, data: bytes) -> None:
        """Stream the body into the engine; `data` is what of it stood behind the text."""
        data = data.lstrip(b" \t\r;").removeprefix(b"\n")
        insert = self._session.insert(head, head.format)
        try:
            while data or (data := self._body.piece()):
                insert.append(data)
                data = b""
            answer.counts.written_rows = insert.finish()
        finally:
            insert.cancel()
        answer.wait()

    def _select(self, answer: Answer, statement: Statement) -> None:
        if statement.to_file:
            raise EngineError.named("NOT_IMPLEMENTED", "INTO OUTFILE is for clients, not servers")
        tables = self._external_tables()
        try:
            if self._given.flag("wait_end_of_query") or not statement.streams:
                answer.wait()
            if statement.streams and answer.format in STREAMED_FORMATS:
                revision = self._revision(answer.format)
                types = cache(lambda: self._session.types_of(statement, self._given.params))
                for chunk in self._session.execute(statement, answer.format, self._given.params):
                    answer.counts.result_rows += chunk.rows
                    answer.counts.read_rows += chunk.read_rows
                    answer.counts.read_bytes += chunk.read_bytes
                    answer.piece(_versioned(chunk.data, revision, types))
            else:
                whole = self._session.whole(statement, answer.format, self._given.params)
                answer.counts.read_rows = whole.read_rows
                answer.counts.read_bytes = whole.read_bytes
                answer.counts.result_rows = whole.rows
                answer.piece(_versioned(whole.data, self._revision(answer.format), tuple))
        finally:
            for name in tables:
                self._session.drop_temporary(name)

    def _revision(self, output: str) -> int:
        """Return the revision asked for the Native format; 0: none."""
        asked = self._given.own.get("client_protocol_version", "0")
        return int(asked) if output == "Native" and asked.isdigit() else 0

    def _external_tables(self) -> list[str]:
        """Make temporary tables of the files of a form; raises EngineError."""
        names: list[str] = []
        for name, data in self._files.items():
            described = self._given.tables.get(name, {})
            structure = described.get("_structure") or _numbered(described.get("_types", ""))
            if not structure:
                raise EngineError.named("BAD_ARGUMENTS", f"File {name[:100]} has no _structure")
            self._session.run(
                f"CREATE TEMPORARY TABLE {quote_name(name)} ({structure}) ENGINE = Memory", "Null"
            )
            names.append(name)
            self._session.fill_temporary(name, data, described.get("_format", "TabSeparated"))
        return names


def _versioned(native: bytes, revision: int, types: Callable[[], tuple[str, ...]]) -> bytes:
    """Give blocks the form that a client of a revision reads."""
    if not revision:
        return native
    try:
        return b"".join(block.data for block in wire_blocks(native, revision, types))
    except EngineError:
        # A type that only the client can measure: a streamed piece is one block.
        if revision >= REVISION_WITH_SERIALISATION_FLAG:
            raise
        return BLOCK_INFO + native


def _numbered(types: str) -> str:
    """Name the columns of a list of types as ClickHouse does."""
    return ", ".join(f"_{number} {kind}" for number, kind in enumerate(types.split(","), 1) if kind)
