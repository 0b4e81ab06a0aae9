from __future__ import annotations

import contextlib
import signal
import socket
import uuid
from collections.abc import Callable, Iterator

import clickhouse_driver
import pytest

from tests.contract.embedded.clients import Client, debian_program, open_client
from tests.contract.embedded.process import PASSWORD, USER, Address, ServerProcess

CLIENTS = ("driver", "driver-lz4", "driver-zstd", "driver-old", "connect", "connect-gzip", "debian")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    """A server with a password, for the whole session."""
    process = ServerProcess(tmp_path_factory.mktemp("embedded"), auth=True)
    try:
        yield process.start()
        assert process.end(signal.SIGTERM) == 0
        assert "Traceback" not in process.log.read_text(encoding="utf-8")
    finally:
        process.kill()


@pytest.fixture(scope="session")
def half_open(server: Address) -> Iterator[dict[str, socket.socket]]:
    """Connections that never say enough; they are opened early and looked at late."""
    starts = {"silent": (server.port, b""), "native": (server.port, b"\x00\x0aClick")}
    starts["http"] = (server.http_port, b"GET /ping HTTP/1.1\r\nHost: x\r\nX-")
    with contextlib.ExitStack() as stack:
        socks = {}
        for name, (port, sent) in starts.items():
            sock = stack.enter_context(socket.create_connection((server.host, port)))
            sock.sendall(sent)
            socks[name] = sock
        yield socks


@pytest.fixture(autouse=True, scope="session")
def _open_early(half_open: dict[str, socket.socket]) -> None:
    assert half_open


@pytest.fixture
def database(server: Address) -> Iterator[str]:
    """A database of the test's own."""
    name = f"t_{uuid.uuid4().hex[:12]}"
    with driver(server)() as admin:
        admin.execute(f"CREATE DATABASE {name}")
        yield name
        admin.execute(f"DROP DATABASE {name}")


def driver(server: Address) -> Callable[..., clickhouse_driver.Client]:
    def connect(**options: object) -> clickhouse_driver.Client:
        given = {"user": USER, "password": PASSWORD, "send_receive_timeout": 20, **options}
        return clickhouse_driver.Client(server.host, port=server.port, **given)

    return connect


@pytest.fixture
def connect(server: Address, database: str) -> Iterator[Callable[..., clickhouse_driver.Client]]:
    """Open clickhouse-driver clients in the test's database."""
    with contextlib.ExitStack() as stack:

        def one(**options: object) -> clickhouse_driver.Client:
            client = driver(server)(**{"database": database, **options})
            return stack.enter_context(client)

        yield one


@pytest.fixture(params=CLIENTS)
def client(request: pytest.FixtureRequest, server: Address, database: str) -> Iterator[Client]:
    """Each client in turn, in the test's database."""
    with open_client(request.param, server, database) as opened:
        yield opened


@pytest.fixture(scope="session")
def debian() -> str:
    return debian_program()
