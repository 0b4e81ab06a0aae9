"""`earshot verify` as it is used."""

from __future__ import annotations

import json

import pytest
import typer
from typer.testing import CliRunner

from deploy.local.ports import free_ports
from schemas.errors import SinkError
from streams.cli.verify import verify
from tests.builders import NOW_MS, answer, followup
from tests.verifying.conftest import Written
from tests.verifying.rows import MINUTE, RESPONSES

pytestmark = pytest.mark.clickhouse


@pytest.fixture
def app(written: Written, monkeypatch: pytest.MonkeyPatch) -> typer.Typer:
    address = written.clickhouse.address
    for name in ("host", "port", "user", "password", "database"):
        monkeypatch.setenv(f"EARSHOT_CLICKHOUSE__{name.upper()}", str(getattr(address, name)))
    app = typer.Typer()
    app.command()(verify)
    return app


@pytest.fixture
def folded(written: Written) -> Written:
    written.fold(RESPONSES, [answer(response_id=f"r{n}", customer_id="secret") for n in range(30)])
    followups = [followup(event_id=f"e{n}", event_time=NOW_MS + n * MINUTE) for n in range(30)]
    written.fold("feedback.followups", followups)
    return written


def _run(app: typer.Typer, *args: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, list(args))
    assert result.exit_code == code, result.output
    return result.stdout


def test_before_anything_was_folded(app: typer.Typer) -> None:
    assert "nothing to check" in _run(app)


def test_it_says_what_was_checked(app: typer.Typer, folded: Written) -> None:
    printed = _run(app)
    table = {line.split()[0]: line.split()[1:] for line in printed.splitlines() if line}
    assert table["answers"] == ["30", "1", "0"]
    assert table["followups"] == ["30", "30", "0"]
    assert "60 raw rows of 60 records in 2 partitions" in printed
    assert "No difference." in printed


def test_the_first_differences_are_shown_in_order(app: typer.Typer, folded: Written) -> None:
    folded.change("ALTER TABLE {database}.slices UPDATE n = 5 WHERE measure = 'followups'")
    printed = _run(app, code=5)
    shown = [line.split() for line in printed.splitlines() if "feedback.followups/0" in line]
    assert len(shown) == 20
    assert [line[-2:] for line in shown] == [["5", "1"]] * 20
    minutes = [line[1] for line in shown]
    assert minutes == sorted(minutes)
    assert "... and 10 more." in printed
    assert "30 cells differ" in printed
    assert "secret" not in printed


def test_a_ledger_that_does_not_add_up(app: typer.Typer, folded: Written) -> None:
    folded.change("ALTER TABLE {database}.answers DELETE WHERE response_id = 'r3'")
    printed = _run(app, "--measure", "answers", code=5)
    assert "feedback.responses/0: There are 29 raw rows, and 30 records" in printed
    assert "The ledger does not add up." in printed


def test_json_holds_the_same(app: typer.Typer, folded: Written) -> None:
    folded.change("ALTER TABLE {database}.slices UPDATE n = 5 WHERE measure = 'followups'")
    found = json.loads(_run(app, "--json", code=5))
    assert (found["rows"], found["differences"]) == (60, 30)
    assert found["measures"]["followups"] == {"counted": 30, "cells": 30, "differences": 30}
    first = found["first_differences"][0]
    assert (first["measure"], first["stored"], first["recounted"]) == ("followups", 5, 1)
    assert first["slice_start"] == "2025-10-09T08:53+00:00"
    assert {one["until"] for one in found["partitions"]} == {29}


def test_some_measures_and_minutes_only(app: typer.Typer, folded: Written) -> None:
    folded.change("ALTER TABLE {database}.slices UPDATE n = 5 WHERE measure = 'followups'")
    assert "No difference." in _run(app, "--measure", "answers")
    _run(app, "--measure", "answers", "--measure", "followups", code=5)
    assert "No difference." in _run(app, "--since", "2025-10-10")
    printed = _run(app, "--until", "2025-10-09T08:55", code=5)
    assert "2 cells differ" in printed
    _run(app, "--measure", "nonsense", code=2)
    _run(app, "--since", "yesterday", code=2)
    _run(app, "--since", "2025-10-10", "--until", "2025-10-09", code=2)


def test_a_partition_that_moves(app: typer.Typer, written: Written) -> None:
    answers = [answer(response_id=f"r{n}") for n in range(3)]
    written.fold(RESPONSES, answers, steps=("raw", "slices"))
    written.fold(RESPONSES, answers[:2], steps=("ledger",))
    printed = _run(app, code=1)
    assert "feedback.responses/0: a worker writes to it, not checked. Stop the worker" in printed
    assert "1 partitions were not checked" in printed


def test_clickhouse_that_is_down(app: typer.Typer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARSHOT_CLICKHOUSE__PORT", str(free_ports(1)[0]))
    error = CliRunner().invoke(app, []).exception
    assert isinstance(error, SinkError)
    assert error.exit_code == 4


def test_definitions_that_are_lost(app: typer.Typer, folded: Written) -> None:
    folded.change("ALTER TABLE {database}.definitions DELETE WHERE 1")
    error = CliRunner().invoke(app, []).exception
    assert isinstance(error, SinkError)
    assert "no measure definitions of version 1" in str(error)
