"""A proxy that follows ClickHouse's native protocol, and breaks it at a chosen step of an insert."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Literal, get_args

from sinks.embedded import packets
from sinks.embedded.blocks import Block, read_wire_block
from sinks.embedded.faults import EngineError
from sinks.embedded.frames import FrameReader
from sinks.embedded.packets import ClientPacket, ServerPacket
from sinks.embedded.tape import Tape

__all__ = ["STEPS", "Fault", "Proxy", "Step", "proxy_to"]

#: Where the connection breaks: after the greeting; after the query of an insert, before the server says
#: what columns it wants; half-way through the rows; after the rows, before the client says that these
#: are all; when the server has everything, and its answer is not passed on. `answer`: half-way through
#: the answer to a SELECT. `error`: instead of taking an insert, the server answers with an error.
#: `late_error`: it takes the rows, and answers with an error nevertheless. `hold`: half of the rows
#: arrive, and then nothing until the proxy ends.
Step = Literal["hello", "query", "block", "rows", "end", "answer", "error", "late_error", "hold"]

STEPS: tuple[Step, ...] = get_args(Step)

_PIECE = 65_536
_WAIT_S = 60.0
_INTO = re.compile(r"INSERT INTO \w+\.(\w+)")
_ANY_TEXT = 1 << 24


@dataclass(frozen=True, slots=True)
class Fault:
    """Break one insert into a table, or one SELECT for the step `answer`; `code` is of the error."""

    step: Step
    table: str = ""
    code: int = 0


class _Cut(Exception):
    """The connection ends here."""


class Proxy:
    """Forwards connections to a ClickHouse, and lets armed faults strike once each."""

    def __init__(self, host: str, port: int) -> None:
        self._server = (host, port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._lock = threading.Lock()
        self._armed: list[list[Fault]] = []
        self.struck: list[Fault] = []
        self._ends: set[socket.socket] = set()
        threading.Thread(target=self._accept, daemon=True).start()

    def arm(self, *faults: Fault) -> None:
        """Let faults strike, each as soon as it can after the one before it.

        What is armed by another call strikes independently of these.
        """
        with self._lock:
            self._armed.append(list(faults))

    def disarm(self) -> None:
        """Let nothing strike any more."""
        with self._lock:
            self._armed.clear()

    def strike(self, step: Step) -> bool:
        """Say whether a fault that is due is for this step; it is used up then."""
        return self._take(lambda fault: fault.step == step) is not None

    def next_insert_fault(self, table: str) -> Fault | None:
        """Return a fault that is due if it is for an insert into this table."""
        return self._take(
            lambda fault: fault.step not in ("hello", "answer") and fault.table in ("", table)
        )

    def _take(self, wanted: Callable[[Fault], bool]) -> Fault | None:
        with self._lock:
            due = next((faults for faults in self._armed if wanted(faults[0])), None)
            if due is None:
                return None
            fault = due.pop(0)
            self._armed = [faults for faults in self._armed if faults]
            self.struck.append(fault)
            return fault

    @property
    def left(self) -> int:
        """How many faults have not struck yet."""
        with self._lock:
            return sum(map(len, self._armed))

    def close(self) -> None:
        """End everything."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            ends, self._ends = self._ends, set()
        for end in ends:
            _end(end)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(self._server)
            except OSError:
                client.close()
                continue
            with self._lock:
                self._ends |= {client, server}
            _Connection(self, client, server).start()


class _Connection:
    """One client: its packets are read one by one, the server's answers are passed on as they come."""

    def __init__(self, proxy: Proxy, client: socket.socket, server: socket.socket) -> None:
        self._proxy = proxy
        self._client, self._server = client, server
        self._raw = bytearray()
        self._tape = Tape(self._receive)
        self._unpacked = Tape(FrameReader(self._tape))
        self._revision = 0
        self._compressed = False
        self._fault: Fault | None = None
        self._rows_seen = False
        self._silent = threading.Event()  # the server's answers are kept back
        self._answered = threading.Event()  # ... and one has come

    def start(self) -> None:
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        answers = threading.Thread(target=self._run, args=(self._from_server,), daemon=True)
        answers.start()
        self._run(self._from_client)
        answers.join()
        self._client.close()
        self._server.close()

    def _run(self, work: Callable[[], None]) -> None:
        with suppress(OSError, EOFError, _Cut):
            work()
        self._answered.set()
        _end(self._client)
        _end(self._server)

    def _receive(self, _missing: int) -> bytes:
        piece = self._client.recv(_PIECE)
        if not piece:
            raise EOFError
        self._raw += piece
        return piece

    def _taken(self) -> bytes:
        """Return the bytes of what was read since last time."""
        self._tape.cut()
        size = len(self._raw) - self._tape.pending
        packet = bytes(self._raw[:size])
        del self._raw[:size]
        return packet

    def _from_client(self) -> None:
        self._revision = packets.read_hello(self._tape).revision
        self._server.sendall(self._taken())
        if self._revision >= packets.ADDENDUM:
            self._tape.raw_string(_ANY_TEXT)
            self._server.sendall(self._taken())
        greeted = True
        while True:
            kind = self._tape.varint()
            if greeted and self._proxy.strike("hello"):
                raise _Cut
            greeted = False
            if kind == ClientPacket.QUERY:
                self._query()
            elif kind == ClientPacket.DATA:
                self._data()
            else:
                self._server.sendall(self._taken())

    def _block(self) -> Block:
        self._tape.string(_ANY_TEXT)
        tape = self._unpacked if self._compressed else self._tape
        block = read_wire_block(tape, self._revision)
        tape.cut()
        return block

    def _query(self) -> None:
        query = packets.read_query(self._tape, self._revision)
        self._compressed = query.compressed
        self._tape.varint()
        self._block()  # the empty one that ends external tables
        packet = self._taken()
        into = _INTO.match(query.sql)
        self._rows_seen = False
        self._fault = self._proxy.next_insert_fault(into[1]) if into else None
        if self._fault and self._fault.step == "error":
            self._say(self._fault)
            return
        if self._fault and self._fault.step == "query":
            self._silent.set()
            self._server.sendall(packet)
            raise _Cut
        if not into and query.sql.startswith("SELECT") and self._proxy.strike("answer"):
            self._fault = Fault("answer")
        self._server.sendall(packet)

    def _data(self) -> None:
        block = self._block()
        packet = self._taken()
        step = self._fault.step if self._fault else ""
        if block.rows:
            self._rows_seen = True
            if step in ("block", "hold"):
                self._server.sendall(packet[: len(packet) // 2])
                if step == "hold":
                    self._answered.wait()  # for the end of the connection
                raise _Cut
        elif self._rows_seen and step == "rows":
            raise _Cut
        elif self._rows_seen and step in ("end", "late_error"):
            self._silent.set()
            self._server.sendall(packet)
            if not self._answered.wait(_WAIT_S) or step == "end" or self._fault is None:
                raise _Cut
            self._silent.clear()
            self._answered.clear()
            self._say(self._fault)
            return
        self._server.sendall(packet)

    def _say(self, fault: Fault) -> None:
        self._fault = None
        error = EngineError(fault.code, "an error the tests made up. (MADE_UP)")
        self._client.sendall(packets.exception(error))

    def _from_server(self) -> None:
        while piece := self._server.recv(_PIECE):
            if self._silent.is_set():
                if piece.endswith(bytes([ServerPacket.END_OF_STREAM])):
                    self._answered.set()
                continue
            if self._fault and self._fault.step == "answer":
                self._client.sendall(piece[: len(piece) // 2])
                raise _Cut
            self._client.sendall(piece)


def _end(one: socket.socket) -> None:
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)


@contextmanager
def proxy_to(host: str, port: int) -> Iterator[Proxy]:
    """Run a proxy inside a `with` block."""
    proxy = Proxy(host, port)
    try:
        yield proxy
    finally:
        proxy.close()
