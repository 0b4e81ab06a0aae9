"""Which ports are free, who holds the others, and free ones for a short-lived start."""

from __future__ import annotations

import random
import socket
from pathlib import Path

import psutil

from deploy.local.config import HOST
from schemas.errors import LocalError

__all__ = ["free_ports", "holder", "is_free"]

_LOWEST = 15000
_TRIES = 200


def is_free(port: int) -> bool:
    """Say whether a server could listen on this port of the loopback interface now."""
    with socket.socket() as probe:
        # As servers do: a connection that lingers after a stop does not count as taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
            probe.listen(1)
        except OSError:
            return False
    return True


def holder(port: int) -> str:
    """Name the process that listens on this port, like `java (pid 12)`, or an empty string."""
    try:
        for connection in psutil.net_connections(kind="tcp"):
            local = connection.laddr
            if not local or local.port != port or connection.status != psutil.CONN_LISTEN:
                continue
            if connection.pid is None:
                return "a process of another user"
            return f"{psutil.Process(connection.pid).name()} (pid {connection.pid})"
    except psutil.Error:  # not ours to look at, or gone again
        return ""
    return ""


def free_ports(count: int) -> tuple[int, ...]:
    """Return different free ports.

    They lie below the range from which the kernel takes ports for outgoing connections, so that
    none is taken by chance between this call and the start of the server it is for.

    Raises:
        LocalError: There are not that many.
    """
    highest = _ephemeral_start() - 1
    found: set[int] = set()
    for _ in range(_TRIES):
        port = random.randint(min(_LOWEST, highest - 1000), highest)  # noqa: S311 - not a secret
        if is_free(port):
            found.add(port)
        if len(found) == count:
            return tuple(found)
    raise LocalError(
        f"Found {len(found)} free ports of {count} between {_LOWEST} and {highest}.",
        cure="End what listens there.",
    )


def _ephemeral_start() -> int:
    try:
        text = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text(encoding="ascii")
    except OSError:
        return 32768
    return max(int(text.split()[0]), 4096)
