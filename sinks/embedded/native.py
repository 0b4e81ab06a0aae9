"""One connection of ClickHouse's native protocol."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import structlog

from sinks.embedded import limits, packets
from sinks.embedded.blocks import Block, read_wire_block
from sinks.embedded.engine import Engine
from sinks.embedded.exchange import Exchange
from sinks.embedded.faults import BrokenPacketError, EngineError
from sinks.embedded.frames import FrameReader
from sinks.embedded.packets import ClientPacket, ServerPacket
from sinks.embedded.queries import Gate, Running
from sinks.embedded.session import Session
from sinks.embedded.tape import Tape, pack_varint
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
            Exchange(self, session, query).run()
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
