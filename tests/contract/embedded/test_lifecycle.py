"""Start, refusal, stop, and what is left after a kill."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import clickhouse_driver
import pytest

from tests.contract.embedded.process import Address, ServerProcess
from tests.waiting import until

pytestmark = pytest.mark.clickhouse

KILLS = 3


@pytest.fixture
def process(tmp_path: Path) -> Iterator[ServerProcess]:
    found = ServerProcess(tmp_path)
    yield found
    found.kill()


def open_client(address: Address) -> clickhouse_driver.Client:
    return clickhouse_driver.Client(address.host, port=address.port, send_receive_timeout=20)


def test_acknowledged_rows_survive_kill_9(process: ServerProcess) -> None:
    acknowledged = 0
    for round_number in range(KILLS):
        address = process.start()
        with open_client(address) as client:
            client.execute(
                "CREATE TABLE IF NOT EXISTS kept (n UInt64) ENGINE = MergeTree ORDER BY n"
            )
            if round_number == 0:
                client.execute("CREATE FUNCTION twice AS (x) -> x * 2")
            assert client.execute("SELECT count() FROM kept") == [(acknowledged,)]
        killer = threading.Timer(0.7, process.process.send_signal, [signal.SIGKILL])
        killer.start()
        acknowledged = insert_until_dead(address, acknowledged)
        process.process.wait(10)
        address = process.start()
        with open_client(address) as client:
            counted, distinct = client.execute("SELECT count(), uniqExact(n) FROM kept")[0]
            assert client.execute("SELECT twice(21)") == [(42,)]
        # The last insert may have been committed without its acknowledgement getting through.
        assert counted == distinct
        assert counted in (acknowledged, acknowledged + 100)
        acknowledged = counted
        process.kill()
    assert acknowledged > 0


def insert_until_dead(address: Address, start: int) -> int:
    acknowledged = start
    with open_client(address) as client:
        while True:
            try:
                rows = [(acknowledged + offset,) for offset in range(100)]
                client.execute("INSERT INTO kept VALUES", rows)
            except (OSError, EOFError, clickhouse_driver.errors.Error):
                return acknowledged
            acknowledged += 100


def test_a_second_server_on_the_folder_is_refused(process: ServerProcess, tmp_path: Path) -> None:
    process.start()
    second = ServerProcess(tmp_path / "second", data=process.data)
    done = subprocess.run(second.command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 4
    assert done.stderr.strip() == (
        f"Another server is running on the data folder {process.data}."
        " Stop it, or give another folder with --path."
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_cleanly_even_with_a_query_running(
    process: ServerProcess, number: signal.Signals
) -> None:
    address = process.start()
    busy = threading.Thread(target=run_long, args=(address,))
    busy.start()
    with open_client(address) as client:
        wait_for_long(client)
    started = time.monotonic()
    assert process.end(number) == 0
    assert time.monotonic() - started < 10
    busy.join(10)
    assert not busy.is_alive()
    assert not process.ready.exists()
    assert "accept_failed" not in process.log.read_text(encoding="utf-8")
    with pytest.raises(OSError, match="refused"):
        socket.create_connection((address.host, address.port), timeout=5)


def run_long(address: Address) -> None:
    try:
        open_client(address).execute(
            "SELECT count() FROM numbers(1000000000000) WHERE NOT ignore(rand())"
        )
    except (OSError, EOFError, clickhouse_driver.errors.Error):
        return


def wait_for_long(client: clickhouse_driver.Client) -> None:
    ask = "SELECT count() FROM system.processes WHERE query LIKE '%1000000000000%'"
    until("the long query", lambda: client.execute(ask)[0][0] >= 2, 10)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "example.org"])
def test_only_this_machine_is_served(tmp_path: Path, host: str) -> None:
    done = start_with(tmp_path, "--host", host, "--no-auth")
    assert done.returncode == 3
    assert host in done.stderr
    assert "--host 127.0.0.1" in done.stderr


def test_a_password_or_its_refusal_is_needed(tmp_path: Path) -> None:
    empty = tmp_path / "password"
    empty.write_text("\n", encoding="utf-8")
    assert start_with(tmp_path).returncode == 2
    assert "is empty" in start_with(tmp_path, "--password-file", str(empty)).stderr
    assert "cannot be read" in start_with(tmp_path, "--password-file", "nowhere").stderr


def test_a_taken_port_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = start_with(tmp_path, "--no-auth", "--port", port)
    assert done.returncode == 4
    assert port in done.stderr


def start_with(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "sinks.embedded", "--path", str(folder / "data"), *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


def test_ready_means_it_answers_and_lies_beside_the_data(process: ServerProcess) -> None:
    process.command.remove("--ready-file")
    process.command.remove(str(process.ready))
    process.ready = process.data.parent / "clickhouse.ready.json"
    address = process.start()
    assert set(json.loads(process.ready.read_text())) == {"pid", "host", "port", "http_port"}
    with open_client(address) as client:
        assert client.execute("SELECT 1") == [(1,)]
