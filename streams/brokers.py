"""A connection to the broker for questions about topics and groups."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from kafka.admin import KafkaAdminClient
from kafka.errors import BrokerResponseError, KafkaError

from schemas.errors import StreamError

__all__ = ["admin_of"]

_LIMIT_S = 15.0


@contextmanager
def admin_of(brokers: str, *, limit_s: float = _LIMIT_S) -> Iterator[KafkaAdminClient]:
    """Open an admin client for a `with` block.

    Raises:
        StreamError: No broker answers within the limit, or it refuses; also out of the block.
    """
    servers = [part.strip() for part in brokers.split(",") if part.strip()]
    _knock(brokers, servers, limit_s)
    limit_ms = int(limit_s * 1000)
    try:
        admin = KafkaAdminClient(
            bootstrap_servers=servers,
            client_id="earshot",
            bootstrap_timeout_ms=limit_ms,
            request_timeout_ms=limit_ms,
        )
    except (KafkaError, OSError, ValueError) as error:
        raise _unreachable(brokers, error) from None
    try:
        yield admin
    except (KafkaError, OSError) as error:
        raise _unreachable(brokers, error) from None
    finally:
        admin.close()


def _knock(brokers: str, servers: Sequence[str], limit_s: float) -> None:
    """Return if a server takes a connection.

    Where none does, the client would try until its time is over, and leave sockets behind.

    Raises:
        StreamError: None does.
    """
    last: Exception = ValueError()
    for server in servers:
        host, _, port = server.rpartition(":")
        try:
            socket.create_connection((host.strip("[]"), int(port)), limit_s / len(servers)).close()
        except (OSError, ValueError) as error:
            last = error
        else:
            return
    raise _unreachable(brokers, last)


def _unreachable(brokers: str, error: Exception) -> StreamError:
    if isinstance(error, BrokerResponseError):
        return StreamError(
            f"The broker at {brokers} refuses ({type(error).__name__}).",
            cure="Give us the right to it: DESCRIBE for the cluster, topics and group, CREATE for topics.",
        )
    return StreamError(
        f"No Kafka broker answers at {brokers} ({type(error).__name__}).",
        cure="Start one (`earshot up` on a laptop), or correct EARSHOT_KAFKA__BROKERS.",
    )
