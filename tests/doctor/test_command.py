"""`earshot doctor` as it is used: all well, nothing there, and for machines."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from deploy.local.clickhouse import ClickHouseAccess
from sinks.clickhouse import ClickHouse
from streams.cli.doctor import NOT_ALL_OK, doctor
from streams.settings import Settings
from streams.topics import create_topics
from tests.databases import empty_database, migrate, use

CLOSED = {
    "EARSHOT_KAFKA__BROKERS": "127.0.0.1:1",
    "EARSHOT_CLICKHOUSE__PORT": "1",
    "EARSHOT_REGISTRY__URL": "http://127.0.0.1:1",
}
NAMES = [
    "broker", "topics", "lag", "schemas", "measures", "clickhouse", "migrations", "writing",
    "rules", "flush", "clock", "engine",
]  # fmt: skip

pytestmark = pytest.mark.usefixtures("no_settings")


@pytest.fixture
def app() -> typer.Typer:
    app = typer.Typer()
    app.command()(doctor)
    return app


@pytest.fixture
def parts(
    kafka_brokers: str, clickhouse: ClickHouseAccess, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ClickHouse]:
    """Point the settings at the real parts, with topics but an empty database."""
    create_topics(kafka_brokers, partitions=3, replication=1)
    monkeypatch.setenv("EARSHOT_KAFKA__BROKERS", kafka_brokers)
    with empty_database(clickhouse) as connection:
        monkeypatch.setenv("EARSHOT_KAFKA__GROUP", connection.address.database)
        use(connection.address, monkeypatch)
        yield connection


@pytest.mark.kafka
@pytest.mark.clickhouse
def test_all_is_well(app: typer.Typer, parts: ClickHouse) -> None:
    migrate(parts, Settings())
    result = CliRunner().invoke(app, ["--wait", "20", "--json"])
    answer = json.loads(result.output)
    assert [check["name"] for check in answer["checks"]] == NAMES
    assert [check for check in answer["checks"] if check["state"] == "failed"] == []
    assert answer["ok"] is True
    assert result.exit_code == 0
    # nothing was folded, and the settings name an engine that this home did not start
    skipped = {check["name"] for check in answer["checks"] if check["state"] == "skipped"}
    assert {"flush", "engine"} <= skipped <= {"flush", "engine", "lag"}


@pytest.mark.kafka
@pytest.mark.clickhouse
def test_an_empty_database_is_the_one_failure(app: typer.Typer, parts: ClickHouse) -> None:
    result = CliRunner().invoke(app, ["--wait", "20"])
    assert result.exit_code == NOT_ALL_OK
    lines = result.output.splitlines()
    assert [line.split()[1] for line in lines if line.startswith("failed")] == ["migrations"]
    assert "Run `earshot migrate`." in result.output
    assert "skipped writing     needs migrations" in result.output
    assert "1 of 12 checks failed" in lines[-1]


def test_nothing_there_is_told_in_time_and_in_words(tmp_path: Path) -> None:
    program = (
        "import typer\nfrom streams.cli.doctor import doctor\n"
        "app = typer.Typer()\napp.command()(doctor)\napp()\n"
    )
    started = time.monotonic()
    result = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program, "--wait", "2"],
        env={**os.environ, **CLOSED},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert time.monotonic() - started < 30
    assert result.returncode == NOT_ALL_OK
    assert result.stderr == ""
    assert "Traceback" not in result.stdout
    states = {line[8:].split()[0]: line.split()[0] for line in result.stdout.splitlines()[:-2]
              if line[:1] != " "}  # fmt: skip
    assert [name for name, state in states.items() if state == "failed"] == [
        "broker", "schemas", "clickhouse",
    ]  # fmt: skip
    assert states["measures"] == "ok"
    for cure in ("EARSHOT_KAFKA__BROKERS", "EARSHOT_CLICKHOUSE__HOST", "EARSHOT_REGISTRY__URL"):
        assert cure in result.stdout


def test_json_tells_the_cure_too(app: typer.Typer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in CLOSED.items():
        monkeypatch.setenv(name, value)
    result = CliRunner().invoke(app, ["--wait", "1", "--json"])
    answer = json.loads(result.output)
    assert result.exit_code == NOT_ALL_OK
    assert answer["ok"] is False
    assert all(check["cure"] for check in answer["checks"] if check["state"] == "failed")
    needing = {
        check["name"]: check["detail"] for check in answer["checks"] if check["state"] == "skipped"
    }
    assert needing["lag"] == "needs broker"
    assert needing["flush"] == "needs clickhouse"


def test_a_wrong_measures_file_is_one_failure_of_many(
    app: typer.Typer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine.toml").write_text("version = 0\n", encoding="utf-8")
    monkeypatch.setenv("EARSHOT_SCORES__MEASURES_FILE", str(tmp_path / "mine.toml"))
    for name, value in CLOSED.items():
        monkeypatch.setenv(name, value)
    result = CliRunner().invoke(app, ["--wait", "1", "--json"])
    (measures,) = [c for c in json.loads(result.output)["checks"] if c["name"] == "measures"]
    assert measures["state"] == "failed"
    assert "a whole number from 1 is required" in measures["detail"]
