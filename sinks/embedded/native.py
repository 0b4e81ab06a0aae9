"""One connection of ClickHouse's native protocol."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from functools import cache

import structlog

from sinks.embedded import limits, packets
from sinks.embedded.blocks import Block, header_block, read_wire_block, wire_blocks
from sinks.embedded.engine import Engine
from sinks.embedded.faults import BrokenPacketError, EngineError
from sinks.embedded.frames import LZ4, ZSTD, FrameReader, pack_frames
from sinks.embedded.packets import ClientPacket, Query, ServerPacket
from sinks.embedded.queries import Gate, Running
from sinks.embedded.session import Columns, Session
from sinks.embedded.statements import InsertHead, Statement, read_statement
from sinks.embedded.tape import Tape, pack_string, pack_varint
from sinks.embedded.watch import Lease, Watcher

__all__ = ["NativeConnection"]

log = structlog.get_logger(__name__)

_CANCEL_BYTE = bytes([ClientPacket.CANCEL])


class NativeConnection:
    """Serves one client from its hello to its end; `serve` is the body of a thread."""

    def __init__(
        self, lease: Lease, *, engine: Engine, gate: Gate, running: Running, watcher: Watcher
    ) -> None:
        self._lease = lease
        self._sock = lease.sock
        self._engine = engine
        self._gate = gate
        self._running = running
        self._watcher = watcher
        self._tape = Tape(self._receive)
        self._frames = FrameReader(self._tape)
        self._unpacked = Tape(self._frames)
        self._revision = 0
        # Whether the client asked to end the query that runs, or left.
        self.stop_asked = False

    def _receive(self, _missing: int) -> bytes:
        piece = self._sock.recv(limits.RECV_BYTES)
        if not piece:
            raise EOFError
        return piece

    def serve(self) -> None:
        """Answer until the client leaves, breaks the protocol or takes too long."""
        session: Session | None = None
        try:
            self._lease.expect(limits.LOGIN_TIMEOUT_S)
            session = self._login()
            while True:
                self._lease.expect(limits.IDLE_TIMEOUT_S)
                self._tape.cut()
                self._tape.ensure(1)
                self._lease.expect(limits.PACKET_TIMEOUT_S)
                self._packet(session)
        except BrokenPacketError as error:
            log.warning("connection_broken", protocol="native", reason=error.what)
            self._try_to_say(EngineError.named("UNEXPECTED_PACKET_FROM_CLIENT", error.what))
        except EngineError as fault:
            log.info("connection_refused", protocol="native", code=fault.code)
            self._try_to_say(fault)
        except (EOFError, OSError):
            log.debug("connection_ended", protocol="native")
        finally:
            self._lease.expect(None)
            if session is not None:
                session.close()
            self._watcher.leave(self._lease)

    def _try_to_say(self, fault: EngineError) -> None:
        with contextlib.suppress(OSError):
            self._sock.sendall(packets.exception(fault))

    def _login(self) -> Session:
        """Read the hello, and open a session; raises EngineError for a refused one."""
        hello = packets.read_hello(self._tape)
        self._gate.check(hello.user, hello.password)
        self._revision = hello.revision
        session = Session(self._engine, hello.database)
        answer = packets.hello_answer(hello.revision, self._engine.version, self._engine.timezone)
        self._sock.sendall(answer)
        if hello.revision >= packets.ADDENDUM:
            self._tape.raw_string(limits.MAX_HELLO_STRING)
        return session

    def _packet(self, session: Session) -> None:
        kind = self._tape.varint()
        if kind == ClientPacket.PING:
            self._sock.sendall(pack_varint(ServerPacket.PONG))
        elif kind == ClientPacket.QUERY:
            query = packets.read_query(self._tape, self._revision)
            _Exchange(self, session, query).run()
        elif kind != ClientPacket.CANCEL:  # one that came after the end of its query
            raise BrokenPacketError(f"Packet {kind} came where a query was expected.")

    # What an exchange needs of its connection.

    def read_block(self, *, compressed: bool) -> tuple[str, Block]:
        """Read a data packet after its type: the table's name and the block.

        Raises BrokenPacketError also for a type this server cannot measure: what follows in the
        stream would be misread.
        """
        name = self._tape.string(limits.MAX_NAME_BYTES)
        self._tape.cut()
        tape = self._unpacked if compressed else self._tape
        try:
            block = read_wire_block(tape, self._revision)
        except EngineError as fault:
            raise BrokenPacketError(fault.text) from fault
        tape.cut()
        self._lease.expect(None)
        return name, block

    def next_kind(self) -> int:
        """Read the type of the packet that follows within a query."""
        self._lease.expect(limits.IDLE_TIMEOUT_S)
        self._tape.ensure(1)
        self._lease.expect(limits.PACKET_TIMEOUT_S)
        return self._tape.varint()

    def send(self, data: bytes) -> None:
        """Send bytes; raises OSError when the client is gone or stalls."""
        self._sock.sendall(data)

    @contextlib.contextmanager
    def computing(self, session: Session) -> Iterator[None]:
        """Let the client take its time, and watch it for a cancel."""
        self._lease.expect(None)
        self.stop_asked = False
        with self._watcher.running(self._lease, session, self._leaves):
            if self._tape.pending and self._leaves(
                bytes(self._tape.data[self._tape.pos : self._tape.pos + 1])
            ):
                self._watcher.cancel(session)
            yield

    def _leaves(self, first: bytes) -> bool:
        if first in (b"", _CANCEL_BYTE):
            self.stop_asked = True
        return self.stop_asked

    @property
    def revision(self) -> int:
        """The revision in force."""
        return self._revision

    @property
    def client_method(self) -> int:
        """The compression the client used last."""
        return self._frames.method

    def named(self, query_id: str, session: Session) -> contextlib.AbstractContextManager[None]:
        """Register a query id."""
        return self._running.named(query_id, session)

    def kill(self, query_id: str) -> None:
        """Cancel another connection's query."""
        self._running.kill(query_id)


class _Exchange:
    """One query and everything the two sides say about it."""

    def __init__(self, connection: NativeConnection, session: Session, query: Query) -> None:
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
        if head is not None and not self._query.sql[head.data_at :].strip().strip(";"):
            self._session.configure(self._query.settings, self._query.important)
            self._insert(head)
            return
        killed = Engine.killed_id(statement.sql) if statement.keyword == "KILL" else None
        if killed is not None:
            self._link.kill(killed)
            return
        with self._link.computing(self._session):
            try:
                self._session.configure(self._query.settings, self._query.important)
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
        self._link.send(
            packets.profile_info(rows, blocks, size)
            + packets.progress(self._link.revision, read_rows, read_bytes)
        )
        self._send_block(ServerPacket.DATA, header_block((), self._link.revision))

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
