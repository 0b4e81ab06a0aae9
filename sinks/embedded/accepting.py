"""Take connections, each into a thread of its own, until the server stops."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable

import structlog

from sinks.embedded import limits
from sinks.embedded.watch import Lease, Watcher

__all__ = ["accept"]

log = structlog.get_logger(__name__)


def accept(
    listener: socket.socket,
    watcher: Watcher,
    body: Callable[[Lease], None],
    stopping: threading.Event,
) -> None:
    """Serve what connects with `body`; return once `stopping` is set and the listener shut down.

    What keeps connections from being taken, such as a lack of file descriptors, is seldom over at once,
    and the listener fails again immediately: so there is a pause after each failure.
    """
    while True:
        try:
            sock, _ = listener.accept()
        except OSError as error:
            if stopping.is_set():
                return
            log.warning("accept_failed", reason=error.strerror)
            if stopping.wait(limits.ACCEPT_PAUSE_S):
                return
            continue
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.settimeout(limits.STALL_TIMEOUT_S)
        lease = watcher.admit(sock)
        if lease is None:
            log.warning("connection_refused", reason="full", limit=limits.MAX_CONNECTIONS)
            sock.close()
            continue
        threading.Thread(target=body, args=(lease,), daemon=True).start()
