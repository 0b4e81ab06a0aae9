"""The embedded ClickHouse as a part, and both parts together as `earshot up` runs them."""

from __future__ import annotations

import os
import signal
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from clickhouse_driver import Client
from clickhouse_driver.errors import ServerException

from deploy.local import clickhouse as module
from deploy.local.clickhouse import ClickHouseAccess, ClickHousePart
from deploy.local.config import LocalConfig, default_cache
from deploy.local.parts import part_statuses, start_parts, stop_parts
from deploy.local.ports import free_ports
from schemas.errors import LocalError

pytestmark = pytest.mark.clickhouse


@pytest.fixture
def part(tmp_path: Path) -> Iterator[ClickHousePart]:
    config = LocalConfig(
        home=tmp_path / "home", cache=tmp_path, clickhouse_port=0, clickhouse_http_port=0
    )
    part = ClickHousePart(config)
    yield part
    part.stop()


def _ask(access: ClickHouseAccess, query: str) -> list[tuple[object, ...]]:
    with Client(access.host, access.port, user=access.user, password=access.password) as client:
        answer: list[tuple[object, ...]] = client.execute(query)
    return answer


def test_the_session_has_a_server_that_wants_its_password(clickhouse: ClickHouseAccess) -> None:
    assert _ask(clickhouse, "SELECT 1") == [(1,)]
    with pytest.raises(ServerException, match=r"[Aa]uthentication|password"):
        _ask(replace(clickhouse, password="guessed"), "SELECT 1")


def test_it_starts_again_after_a_kill(part: ClickHousePart) -> None:
    assert part.start()
    part.wait_ready()
    assert part.port != 0 != part.http_port
    password = part.access.password
    record = part.record
    assert record is not None
    os.kill(record.pid, signal.SIGKILL)
    psutil.Process(record.pid).wait(10)
    assert part.status().state == "stopped"

    assert part.start()
    part.wait_ready()
    assert part.access.password == password, "a new password locks out whoever has the old one"
    assert _ask(part.access, "SELECT 1") == [(1,)]
    assert part.stop()
    assert part.status().state == "stopped"


def test_a_password_that_no_longer_fits_is_told(part: ClickHousePart) -> None:
    part.start()
    part.wait_ready()
    part.home.keep_password("another")
    impatient = ClickHousePart(replace(part.config, start_s=0.1))
    with pytest.raises(LocalError, match=r"SELECT 1 .*([Aa]uthentication|password)"):
        impatient.wait_ready()


def test_one_that_hangs_is_unhealthy(
    part: ClickHousePart, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "_PROBE_S", 0.2)
    part.start()
    part.wait_ready()
    record = part.record
    assert record is not None
    os.kill(record.pid, signal.SIGSTOP)
    try:
        assert part.status().state == "unhealthy"
    finally:
        os.kill(record.pid, signal.SIGCONT)
    assert not caplog.records, "the driver's stack trace would reach the user"


@pytest.mark.kafka
def test_up_status_and_down_for_real(tmp_path: Path) -> None:
    ports = free_ports(4)
    config = LocalConfig(
        home=tmp_path / "home",
        cache=default_cache(),
        kafka_port=ports[0],
        controller_port=ports[1],
        clickhouse_port=ports[2],
        clickhouse_http_port=ports[3],
    )
    try:
        there, started = start_parts(config)
        assert set(started) == {"Kafka", "ClickHouse"}
        assert there.brokers == f"127.0.0.1:{ports[0]}"
        assert (there.clickhouse.port, there.clickhouse.http_port) == ports[2:]
        statuses = part_statuses(config)
        assert [part.state for part in statuses] == ["running", "running"]
        assert start_parts(config) == (there, ())
        for secret in (config.home, config.home / "clickhouse.password"):
            assert stat.S_IMODE(secret.stat().st_mode) & 0o077 == 0
    finally:
        stopped = stop_parts(config)
    assert set(stopped) == {"Kafka", "ClickHouse"}
    assert not [part.pid for part in statuses if part.pid and psutil.pid_exists(part.pid)]
    assert [part.state for part in part_statuses(config)] == ["stopped", "stopped"]
