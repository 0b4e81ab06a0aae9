"""Bytes that follow no protocol, and clients that never finish a sentence."""

from __future__ import annotations

import contextlib
import socket
import struct
from collections.abc import Callable

import clickhouse_driver
import psutil
import pytest

from sinks.embedded import limits
from sinks.embedded.tape import pack_string, pack_varint
from tests.contract.embedded.conftest import driver
from tests.contract.embedded.process import PASSWORD, USER, Address
from tests.waiting import until

pytestmark = pytest.mark.clickhouse

HUGE = pack_varint(2**62)
HELLO = (
    b"\x00" + pack_string("test") + b"\x01\x01" + pack_varint(54429) + pack_string("")
    + pack_string(USER) + pack_string(PASSWORD)
)  # fmt: skip
# An id, no client info, no settings, stage 2, no compression.
QUERY = b"\x01" + pack_string("") + b"\x00" + pack_string("") + b"\x02\x00"
EMPTY_BLOCK = b"\x02\x00" + b"\x00" + b"\x00\x00"


def closed(sock: socket.socket, within_s: float = 10.0) -> bool:
    """Read what the server says until it hangs up."""
    sock.settimeout(within_s)
    try:
        while sock.recv(65_536):
            pass
    except ConnectionResetError:
        return True
    except TimeoutError:
        return False
    return True


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"\xff" * 64,
        b"\x00" + HUGE,
        b"\x00" + pack_string("x" * 5000),
        b"\x00" + pack_string(b"\xff\xfe") + b"\x01\x01",
        HELLO[:-3] + b"bad",
        HELLO + b"\x63",
        HELLO + b"\x01" + HUGE,
        HELLO + QUERY + HUGE,
        HELLO + b"\x01" + pack_string("") + b"\x00" + pack_string("a") + b"\x00" + HUGE,
        HELLO + QUERY + pack_string("SELECT 1") + b"\x03",
        HELLO + QUERY + pack_string("SELECT 1") + b"\x02\x00\x00" + HUGE + HUGE,
        HELLO + QUERY + pack_string("SELECT 1") + b"\x02\x00\x09",
        HELLO + QUERY + pack_string("SELECT 1") + b"\x02\x00\x00\x01\x01" + pack_string("a")
        + pack_string("Array(" * 200 + "String" + ")" * 200),
        HELLO + QUERY + pack_string("SELECT 1") + b"\x02\x00\x00\x01\x01" + pack_string("a")
        + pack_string("String") + HUGE,
        HELLO + QUERY + pack_string("SELECT 1") + b"\x02\x00\x00\x01\x01" + pack_string("a")
        + pack_string("Array(UInt8)") + struct.pack("<Q", 2**63),
        HELLO + QUERY[:-1] + b"\x01" + pack_string("SELECT 1") + b"\x02\x00" + b"x" * 16
        + struct.pack("<BII", 0x82, 2**31, 2**31),
        HELLO + QUERY[:-1] + b"\x01" + pack_string("SELECT 1") + b"\x02\x00" + b"x" * 16
        + struct.pack("<BII", 0x82, 19, 2**28) + b"0123456789",
    ],
)  # fmt: skip
def test_broken_packets_close_their_connection_only(server: Address, sent: bytes) -> None:
    with driver(server)() as other:
        other.execute("SELECT 1")
        with socket.create_connection((server.host, server.port)) as sock:
            sock.sendall(sent)
            assert closed(sock)
        assert other.connection.ping()


def test_a_well_formed_session_by_hand_is_answered(server: Address) -> None:
    with socket.create_connection((server.host, server.port)) as sock:
        sock.sendall(HELLO + QUERY + pack_string("SELECT 'here'") + EMPTY_BLOCK + b"\x04")
        sock.settimeout(10)
        answer = b""
        while not answer.endswith(b"\x05\x04"):
            answer += sock.recv(65_536)
    assert b"\x04here" in answer


@pytest.mark.parametrize(
    "sent",
    [
        b"\x00\x01\x02\r\n\r\n",
        b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"X-A: b\r\n" * 200 + b"\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: lots\r\n\r\n",
        b"POST /?user=%s HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n" % USER.encode(),
    ],
)
def test_broken_requests_close_their_connection_only(server: Address, sent: bytes) -> None:
    with socket.create_connection((server.host, server.http_port)) as sock:
        sock.sendall(sent)
        assert closed(sock)
    with driver(server)() as other:
        assert other.execute("SELECT 1") == [(1,)]


def test_a_flood_of_connections_takes_little_memory_and_leaves_room(server: Address) -> None:
    with driver(server)() as other:
        other.execute("SELECT 1")
        process = psutil.Process(server.pid)
        before = process.memory_info().rss
        socks = [socket.create_connection((server.host, server.port)) for _ in range(300)]
        for sock in socks:
            sock.setblocking(False)
        assert other.connection.ping()
        assert process.memory_info().rss - before < 200 * 1024 * 1024
        for sock in socks:
            sock.close()

    def answers() -> bool:
        with contextlib.suppress(OSError, EOFError), driver(server)() as again:
            return bool(again.execute("SELECT 1") == [(1,)])
        return False

    until("the server's places", answers, 10)


def test_half_open_connections_time_out(half_open: dict[str, socket.socket]) -> None:
    for name, sock in half_open.items():
        assert closed(sock, limits.LOGIN_TIMEOUT_S + 3), name


def test_the_server_took_no_harm(
    server: Address, connect: Callable[..., clickhouse_driver.Client]
) -> None:
    assert server.port
    assert connect().execute("SELECT count() FROM numbers(1000)") == [(1000,)]
