"""One thread that looks after every connection: deadlines, and clients that cancel or leave."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Final

import structlog

from sinks.embedded import limits
from sinks.embedded.session import Session

__all__ = ["Lease", "Watcher"]

log = structlog.get_logger(__name__)

_TICK_S: Final = 0.5
# A kill that came before the engine had registered the query is repeated this often.
_KILL_AGAIN_S: Final = 0.05
_READABLE: Final = select.EPOLLIN | select.EPOLLRDHUP | select.EPOLLONESHOT


class Lease:
    """A connection's place in the server. Its thread says how long the client may take."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.deadline: float | None = None
        self.guard = threading.Lock()
        self.session: Session | None = None
        self.leaves: Callable[[bytes], bool] = _never

    def expect(self, seconds: float | None) -> None:
        """Close the connection unless this is called again within `seconds`; None: no limit."""
        self.deadline = None if seconds is None else time.monotonic() + seconds

    def shut(self) -> None:
        """Wake the connection's thread with an end of file, from any thread."""
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)


def _peek(sock: socket.socket) -> bytes:
    """Return the first byte that waits, nothing at the end of the file; never waits itself.

    The connection's own socket has a timeout, with which Python waits for data; its thread may
    just have read them, and one connection must not hold up the looks at all others.
    """
    try:
        with socket.socket(fileno=os.dup(sock.fileno())) as probe:
            probe.setblocking(False)
            return probe.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        raise
    except OSError:
        return b""


def _never(_first_byte: bytes) -> bool:
    return False


class Watcher(threading.Thread):
    """Enforces the deadlines of leases and cancels the queries of clients that no longer wait."""

    def __init__(self) -> None:
        super().__init__(name="watcher", daemon=True)
        self._poll = select.epoll()
        self._guard = threading.Lock()
        self._leases: dict[int, Lease] = {}
        self._dying: set[tuple[Session, int]] = set()
        self._stopping = False

    def admit(self, sock: socket.socket) -> Lease | None:
        """Give a new connection its lease, or None when the server is full."""
        with self._guard:
            if self._stopping or len(self._leases) >= limits.MAX_CONNECTIONS:
                return None
            lease = self._leases[sock.fileno()] = Lease(sock)
            self._poll.register(sock.fileno(), select.EPOLLONESHOT)
        return lease

    def leave(self, lease: Lease) -> None:
        """End a lease and close its socket."""
        with self._guard:
            number = lease.sock.fileno()
            self._leases.pop(number, None)
            with contextlib.suppress(OSError, ValueError):
                self._poll.unregister(number)
        lease.sock.close()

    @contextlib.contextmanager
    def running(
        self, lease: Lease, session: Session, leaves: Callable[[bytes], bool]
    ) -> Iterator[None]:
        """Cancel what `session` runs in this context when `leaves` says so.

        `leaves` is given the first byte the client sent meanwhile, or nothing at its end of file.
        """
        session.begin()
        with lease.guard:
            lease.session, lease.leaves = session, leaves
        # During the stop of the server the socket may be gone; the query then ends by itself.
        with contextlib.suppress(OSError, ValueError):
            self._poll.modify(lease.sock.fileno(), _READABLE)
        try:
            yield
        finally:
            with lease.guard:
                lease.session = None
            session.end()

    def cancel(self, session: Session) -> None:
        """Cancel the query a session runs now, and again until it has stopped."""
        with self._guard:
            self._dying.add((session, session.turn))

    def run(self) -> None:
        """Look after the connections until `stop`."""
        last = time.monotonic()
        while not self._stopping:
            for number, _events in self._poll.poll(_KILL_AGAIN_S if self._dying else _TICK_S):
                with self._guard:
                    lease = self._leases.get(number)
                if lease is not None:
                    self._look(lease)
            self._kill()
            if time.monotonic() - last >= _TICK_S:
                last = time.monotonic()
                self._enforce(last)

    def _look(self, lease: Lease) -> None:
        with lease.guard:
            session = lease.session
            if session is None:
                return
            try:
                first = _peek(lease.sock)
            except BlockingIOError:
                # Left over from an earlier connection with this number, or read meanwhile.
                with contextlib.suppress(OSError, ValueError):
                    self._poll.modify(lease.sock.fileno(), _READABLE)
                return
            if not lease.leaves(first):
                return
        self.cancel(session)

    def _kill(self) -> None:
        with self._guard:
            dying = list(self._dying)
        for session, turn in dying:
            try:
                alive = session.cancel(turn)
            except RuntimeError as error:
                log.warning("cancel_failed", reason=type(error).__name__)
                continue
            if not alive:
                with self._guard:
                    self._dying.discard((session, turn))

    def _enforce(self, now: float) -> None:
        with self._guard:
            late = [
                lease
                for lease in self._leases.values()
                if lease.deadline is not None and lease.deadline < now
            ]
        for lease in late:
            log.info("connection_timed_out")
            lease.expect(None)
            lease.shut()

    def stop(self, within_s: float) -> bool:
        """Cancel every query, shut every connection, and say whether all ended in time."""
        ends = time.monotonic() + within_s
        with self._guard:
            self._stopping = True
            leases = list(self._leases.values())
        while leases and time.monotonic() < ends:
            for lease in leases:
                lease.shut()
                with lease.guard:
                    session = lease.session
                if session is not None:
                    with contextlib.suppress(RuntimeError):
                        session.cancel(session.turn)
            time.sleep(_KILL_AGAIN_S)
            with self._guard:
                leases = list(self._leases.values())
        return not leases
