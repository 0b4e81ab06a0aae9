"""`earshot status` and the parts of this machine: shown where they are used, left out elsewhere."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from deploy.local import parts
from deploy.local.part import PartStatus, State
from deploy.local.ports import free_ports
from streams.cli.status import NOT_ALL_RUNNING, status

pytestmark = pytest.mark.usefixtures("no_settings")


@pytest.fixture(autouse=True)
def nobody(no_settings: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the settings point to ports of this machine where nothing listens."""
    kafka, clickhouse = free_ports(2)
    monkeypatch.setenv("EARSHOT_KAFKA__BROKERS", f"127.0.0.1:{kafka}")
    monkeypatch.setenv("EARSHOT_CLICKHOUSE__PORT", str(clickhouse))


def _run(*words: str) -> Result:
    app = typer.Typer()
    app.command()(status)
    return CliRunner().invoke(app, list(words))


def _pretend(monkeypatch: pytest.MonkeyPatch, **states: State) -> None:
    found = tuple(
        PartStatus(name, state, 7, "127.0.0.1:1", 3725.0, 2048) for name, state in states.items()
    )
    monkeypatch.setattr(parts, "part_statuses", lambda _: found)


def test_every_part_has_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    _pretend(monkeypatch, Kafka="unhealthy", ClickHouse="running")
    result = _run()
    header, *rows = (line.split() for line in result.output.splitlines()[:3])
    assert header == ["part", "state", "pid", "address", "uptime", "data"]
    assert [row[:2] for row in rows] == [["Kafka", "unhealthy"], ["ClickHouse", "running"]]
    assert rows[0][2:] == ["7", "127.0.0.1:1", "1h", "2m", "2.0", "KiB"]
    assert result.exit_code == NOT_ALL_RUNNING


def test_a_stopped_part_that_nobody_stands_in_for_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    _pretend(monkeypatch, Kafka="stopped", ClickHouse="stopped")
    answer = json.loads(_run("--json").output)
    assert [part["name"] for part in answer["parts"]] == ["Kafka", "ClickHouse"]
    assert answer["ok"] is False


def test_a_stopped_part_is_left_out_where_the_settings_point_elsewhere(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _pretend(monkeypatch, Kafka="stopped", ClickHouse="stopped")
    monkeypatch.setenv("EARSHOT_KAFKA__BROKERS", "kafka.invalid:9092,other.invalid:9092")
    answer = json.loads(_run("--json", "--wait", "1").output)
    assert [part["name"] for part in answer["parts"]] == ["ClickHouse"]
    assert [problem["part"] for problem in answer["problems"]] == ["Kafka", "ClickHouse"]


def test_an_install_without_the_local_parts_shows_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    result = _run()
    assert result.exit_code == NOT_ALL_RUNNING
    assert "No Kafka broker answers" in result.output
    assert not result.output.startswith("part ")


def test_looking_makes_no_home(tmp_path: Path) -> None:
    result = _run("--home", str(tmp_path / "never"))
    assert [line.split()[1] for line in result.output.splitlines()[1:3]] == ["stopped"] * 2
    assert not (tmp_path / "never").exists()
