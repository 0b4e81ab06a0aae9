"""One query of the native protocol, and everything the two sides say about it."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager
from functools import cache
from typing import Protocol

import structlog

from sinks.embedded import packets
from sinks.embedded.blocks import Block, header_block, wire_blocks
from sinks.embedded.engine import Engine
from sinks.embedded.faults import BrokenPacketError, EngineError
from sinks.embedded.frames import LZ4, ZSTD, pack_frames
from sinks.embedded.packets import ClientPacket, Query, ServerPacket
from sinks.embedded.session import Columns, Session
from sinks.embedded.statements import InsertHead, Statement, read_statement
from sinks.embedded.tape import pack_string, pack_varint
from sinks.embedded.totals import read_extras, wants_extras

__all__ = ["Exchange", "Link"]

log = structlog.get_logger(__name__)


class Link(Protocol):
    """What a query needs of its connection."""

    stop_asked: bool

    @property
    def revision(self) -> int:
        """The revision in force."""

    @property
    def client_method(self) -> int:
        """The compression the client used last."""

    def read_block(self, *, compressed: bool) -> tuple[str, Block]:
        """Read a data packet after its type; raises BrokenPacketError, EOFError."""

    def next_kind(self) -> int:
        """Read the type of the packet that follows; raises EOFError."""

    def send(self, data: bytes) -> None:
        """Send bytes; raises OSError when the client is gone or stalls."""

    def computing(self, session: Session) -> AbstractContextManager[None]:
        """Let the engine take its time, and watch the client for a cancel."""

    def named(self, query_id: str, session: Session) -> AbstractContextManager[None]:
        """Register a query id; raises EngineError when it is in use."""

    def kill(self, query_id: str) -> None:
        """Cancel the query with an id, whoever runs it."""


class Exchange:
    """One query and everything the two sides say about it."""

    def __init__(self, connection: Link, session: Session, query: Query) -> None:
        self._link = connection
        self._session = session
        self._query = query
        self._method = LZ4

    def run(self) -> None:
        """Answer the query; raises BrokenPacketError, EOFError and OSError, not EngineError."""
        started = time.monotonic()
        tables: list[str] = []
        try:
            try:
                tables = self._external_tables()
                with self._link.named(self._query.query_id, self._session):
                    self._answer()
            finally:
                for name in tables:
                    self._session.drop_temporary(name)
        except EngineError as fault:
            log.info("query_failed", code=fault.code, took_s=round(time.monotonic() - started, 3))
            self._link.send(packets.exception(fault))
        else:
            self._link.send(pack_varint(ServerPacket.END_OF_STREAM))

    def _external_tables(self) -> list[str]:
        """Read the blocks that follow a query, up to the empty one, into temporary tables."""
        names: list[str] = []
        fault: EngineError | None = None
        while True:
            if self._link.next_kind() != ClientPacket.DATA:
                raise BrokenPacketError("A query was not followed by its data packet.")
            name, block = self._link.read_block(compressed=self._query.compressed)
            if not block.columns:
                break
            if fault is None:
                try:
                    if name not in names:
                        self._session.make_temporary(name, block.columns)
                        names.append(name)
                    self._session.fill_temporary(name, block.data, "Native")
                except EngineError as error:
                    fault = error
        if fault is not None:
            raise fault
        self._method = self._reply_method()
        return names

    def _reply_method(self) -> int:
        named = self._query.settings.get("network_compression_method", "").upper()
        if named in ("LZ4", "ZSTD"):
            return ZSTD if named == "ZSTD" else LZ4
        return self._link.client_method

    def _answer(self) -> None:
        statement = read_statement(self._query.sql)
        head = statement.insert
        settings = {**self._query.settings}
        # The engine would not let go of it again: its settings are those of the connection.
        if settings.pop("readonly", "0") != "0" and self._session.changes_data(statement):
            raise EngineError.named("READONLY", "Cannot execute query in readonly mode.")
        if head is not None and not self._query.sql[head.data_at :].strip().strip(";"):
            self._session.configure(settings, self._query.important)
            self._insert(head)
            return
        killed = Engine.killed_id(statement.sql) if statement.keyword == "KILL" else None
        if killed is not None:
            self._link.kill(killed)
            return
        with self._link.computing(self._session):
            try:
                self._session.configure(settings, self._query.important)
                if head is None or head.format == "Values":
                    self._session.check_single(statement.sql)
                self._select(statement)
            except EngineError:
                # The client asked for the end, and it takes the end of the stream for it.
                if not self._link.stop_asked:
                    raise

    def _select(self, statement: Statement) -> None:
        rows = blocks = size = read_rows = read_bytes = 0
        types = cache(lambda: self._session.types_of(statement, self._query.params))
        for chunk in self._session.execute(statement, "Native", self._query.params):
            read_rows += chunk.read_rows
            read_bytes += chunk.read_bytes
            for block in wire_blocks(chunk.data, self._link.revision, types):
                if not blocks:
                    header = header_block(block.columns, self._link.revision)
                    self._send_block(ServerPacket.DATA, header)
                self._send_block(ServerPacket.DATA, block.data)
                rows, blocks, size = rows + block.rows, blocks + 1, size + len(block.data)
        if not blocks:
            columns = self._session.columns_of(statement, self._query.params)
            if not columns:
                return
            self._send_block(ServerPacket.DATA, header_block(columns, self._link.revision))
        if rows and wants_extras(statement, self._query.settings):
            self._send_extras(statement)
        self._link.send(
            packets.profile_info(rows, blocks, size)
            + packets.progress(self._link.revision, read_rows, read_bytes)
        )
        self._send_block(ServerPacket.DATA, header_block((), self._link.revision))

    def _send_extras(self, statement: Statement) -> None:
        extras = read_extras(self._session, statement, self._query.params)
        for kind, native in (
            (ServerPacket.TOTALS, extras.totals),
            (ServerPacket.EXTREMES, extras.extremes),
        ):
            for block in wire_blocks(native, self._link.revision, lambda: extras.types):
                self._send_block(kind, block.data)

    def _send_block(self, kind: ServerPacket, data: bytes) -> None:
        head = pack_varint(kind) + pack_string("")
        body = pack_frames(data, self._method) if self._query.compressed else data
        self._link.send(head + body)

    def _send_events(self) -> None:
        """Answer a block of an INSERT with no profile events: newer clients wait for the packet."""
        if self._link.revision >= packets.EVENTS_IN_INSERT:
            head = pack_varint(ServerPacket.PROFILE_EVENTS) + pack_string("")
            self._link.send(head + header_block((), self._link.revision))

    def _insert(self, head: InsertHead) -> None:
        """Take the blocks of an INSERT. A refusal is told once the client has sent them all."""
        columns: Columns = self._session.insert_columns(head)
        insert = self._session.insert(head, "Native")
        fault: EngineError | None = None
        try:
            self._send_block(ServerPacket.DATA, header_block(columns, self._link.revision))
            while True:
                kind = self._link.next_kind()
                if kind == ClientPacket.CANCEL:
                    return
                if kind != ClientPacket.DATA:
                    raise BrokenPacketError(f"Packet {kind} came inside the data of an INSERT.")
                _, block = self._link.read_block(compressed=self._query.compressed)
                if not block.columns:
                    break
                self._send_events()
                if fault is None and block.rows:
                    try:
                        insert.append(block.data)
                    except EngineError as error:
                        fault = error
            if fault is not None:
                raise fault
            written = insert.finish()
            self._send_events()
            if self._link.revision >= packets.WRITE_INFO:
                self._link.send(packets.progress(self._link.revision, 0, 0, written))
        finally:
            insert.cancel()
