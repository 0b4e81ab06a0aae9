"""Dropped records: off the list, bytes gone, and no second fold brings them back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from schemas.errors import SinkError
from sinks.clickhouse import ClickHouse
from sinks.tables import Table
from streams.cli.rejects import rejects
from streams.rejecting import RejectFilter, chosen, drop, replay
from tests.builders import ANSWERS
from tests.rejects.conftest import SECRET, Log, Sent

pytestmark = pytest.mark.clickhouse

WHY = "Test traffic of the new kiosk."


class _Dying(ClickHouse):
    """A connection that is lost when the drop is to be written down."""

    def insert(self, table: Table, columns: Sequence[Sequence[Any]]) -> int:
        if table.name == "reject_outcomes":
            raise SinkError("gone")
        return super().insert(table, columns)


@pytest.fixture
def app(settings_of_log: None) -> typer.Typer:
    app = typer.Typer()
    app.add_typer(rejects, name="rejects")
    app.command()(lambda: None)
    return app


def run(app: typer.Typer, *args: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, ["rejects", *args])
    assert result.exit_code == code, result.output
    return result.output


def held(log: Log, *, final: bool) -> list[tuple[Any, ...]]:
    """Return the bytes of all rows."""
    return log.clickhouse.rows(
        f"SELECT _offset, key, value, headers FROM {log.clickhouse.address.database}.rejects "
        f"{'FINAL' if final else ''} ORDER BY _offset"
    )


def test_bytes_go_and_the_audit_stays(app: typer.Typer, log: Log) -> None:
    first = log.reject(SECRET, headers=(("trace", SECRET),))
    log.reject_again(first, 1)
    other = log.reject(reason="malformed")
    told = run(app, "drop", "--reason", "bad_magic", "--why", WHY, "--yes")
    assert "1 (1 bad_magic)" in told
    assert [row["offset"] for row in json.loads(run(app, "--json"))] == [other]
    # not even in rows that a merge would remove
    for _, *content in held(log, final=False)[:2]:
        assert content == [None, None, []]
    assert held(log, final=True)[2][1] == SECRET.decode()
    audit = log.clickhouse.rows(
        "SELECT offset, reason, outcome, fate, by_offset, replays, why "
        f"FROM {log.clickhouse.address.database}.reject_outcomes_current"
    )
    assert audit == [(first, "bad_magic", "dropped", "", None, 1, WHY)]
    text = run(app, "explain", f"{ANSWERS}/2/{first}", "--personal")
    assert WHY in text
    assert SECRET.decode() not in text
    assert "erased" in run(app, "show", f"{ANSWERS}/2/{first}", "--bytes")


def test_a_second_fold_does_not_bring_the_bytes_back(app: typer.Typer, log: Log) -> None:
    first = log.reject(SECRET)
    again = log.reject_again(first, 1)
    run(app, "drop", f"{ANSWERS}/2/{again}", "--why", WHY, "--yes")
    log.next = 0
    log.reject(SECRET)
    log.reject_again(first, 1)
    assert [row[1:] for row in held(log, final=True)] == [(None, None, [])] * 2
    assert run(app, "list") == "No rejected records.\n"


def test_a_dropped_record_is_neither_dropped_nor_replayed_again(app: typer.Typer, log: Log) -> None:
    where = f"{ANSWERS}/2/{log.reject()}"
    run(app, "drop", where, "--why", WHY, "--yes")
    assert f"{where}: it was dropped." in run(app, "drop", where, "--why", "again", "--yes")
    assert f"{where}: it was dropped." in run(app, "replay", where, "--yes")
    assert WHY in run(app, "explain", where)


def test_what_is_dropped_meanwhile_is_not_sent(log: Log) -> None:
    """Also if the drop stopped half-way: a record without its bytes must not go out as a tombstone."""
    log.reject()
    choices = chosen(log.clickhouse, RejectFilter(), 10)
    dying = _Dying(log.clickhouse.address)
    with closing(dying), pytest.raises(SinkError):
        drop(dying, choices, WHY, datetime.now(UTC))
    sent = Sent()
    assert replay(log.clickhouse, sent, choices)[0] == []
    assert sent.records == []
    assert held(log, final=True) == [(0, None, None, [])]
    (left,) = chosen(log.clickhouse, RejectFilter(), 10)  # still there, to be dropped
    drop(log.clickhouse, [left], WHY, datetime.now(UTC))
    assert chosen(log.clickhouse, RejectFilter(), 10) == []


def test_a_dry_run_drops_nothing(app: typer.Typer, log: Log) -> None:
    log.reject()
    told = json.loads(run(app, "drop", "--all", "--dry-run", "--json"))
    assert told == {"would_drop": 1, "reasons": {"bad_magic": 1}, "left_out": []}
    assert len(json.loads(run(app, "--json"))) == 1


def test_a_limit_takes_the_oldest(app: typer.Typer, log: Log) -> None:
    _, second = log.reject(), log.reject()
    run(app, "drop", "--all", "--limit", "1", "--why", WHY, "--yes")
    assert [row["offset"] for row in json.loads(run(app, "--json"))] == [second]


@pytest.mark.parametrize(
    "args",
    [
        ("--why", WHY, "--yes"),
        ("--all", "--yes"),
        ("--all", "--why", "  ", "--yes"),
        ("--all", "--why", "x" * 501, "--yes"),
        ("--all", "--why", WHY),  # nobody to be asked
        ("--all", "--reason", "bad_magic", "--why", WHY, "--yes"),
        ("feedback.responses/2", "--why", WHY, "--yes"),
        ("--reason", "because", "--why", WHY, "--yes"),
    ],
)
def test_wrong_usage_ends_with_2_and_drops_nothing(
    app: typer.Typer, log: Log, args: tuple[str, ...]
) -> None:
    log.reject()
    run(app, "drop", *args, code=2)
    assert len(json.loads(run(app, "--json"))) == 1
