"""Many connections: parallel, independent, and bounded."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import clickhouse_driver
import pytest
from clickhouse_driver.errors import ServerException

from tests.contract.embedded.process import Address
from tests.waiting import until

pytestmark = pytest.mark.clickhouse

Connect = Callable[..., clickhouse_driver.Client]
CONNECTIONS = 32


def test_thirty_two_connections_run_at_once(connect: Connect) -> None:
    clients = [connect() for _ in range(CONNECTIONS)]
    gate = threading.Barrier(CONNECTIONS)

    def ask(client: clickhouse_driver.Client) -> int:
        client.execute("SELECT 1")
        gate.wait(20)
        started = time.monotonic()
        assert client.execute("SELECT sleep(1)") == [(0,)]
        assert time.monotonic() - started < 10
        return int(client.execute("SELECT sum(number) FROM numbers(100000)")[0][0])

    started = time.monotonic()
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        sums = list(pool.map(ask, clients))
    assert sums == [99_999 * 50_000] * CONNECTIONS
    # One after the other they would take 32 seconds.
    assert time.monotonic() - started < 15


def test_concurrent_inserts_are_all_there(connect: Connect) -> None:
    connect().execute("CREATE TABLE many (n UInt32) ENGINE = MergeTree ORDER BY n")
    clients = [connect(compression=bool(number % 2)) for number in range(8)]

    def insert(number: int) -> None:
        for part in range(5):
            start = (number * 5 + part) * 100
            rows = [(start + offset,) for offset in range(100)]
            clients[number].execute("INSERT INTO many VALUES", rows)

    with ThreadPoolExecutor(len(clients)) as pool:
        list(pool.map(insert, range(len(clients))))
    assert connect().execute("SELECT count(), uniqExact(n) FROM many") == [(4000, 4000)]


def test_a_slow_query_blocks_nobody_else(connect: Connect, server: Address) -> None:
    slow = connect()
    ended: list[int] = []

    def run() -> None:
        try:
            slow.execute(
                "SELECT count() FROM numbers(1000000000000) WHERE NOT ignore(sipHash64(number))",
                query_id="the-slow-one",
            )
        except ServerException as error:
            ended.append(error.code)

    quick = connect()
    quick.execute("SELECT 1")
    thread = threading.Thread(target=run)
    thread.start()
    # The asking query finds itself too.
    ask = "SELECT count() FROM system.processes WHERE query LIKE '%sipHash64%'"
    until("the slow query", lambda: quick.execute(ask)[0][0] >= 2, 10)
    started = time.monotonic()
    assert quick.connection.ping()
    link = http.client.HTTPConnection(server.host, server.http_port, timeout=10)
    link.request("GET", "/ping")
    assert link.getresponse().read() == b"Ok.\n"
    link.close()
    assert time.monotonic() - started < 1
    quick.execute("KILL QUERY WHERE query_id = 'the-slow-one'")
    thread.join(20)
    assert ended == [394]
