"""What is provisional in a view is so in `earshot scores` and `earshot explain`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from deploy.local.clickhouse import ClickHouseAccess
from sinks.clickhouse import ClickHouse
from streams.cli.explain import explain
from streams.cli.scores import scores
from tests.databases import migrated_database, use
from tests.fold.model import MEASURES
from tests.sinks.viewing import define, insert_counts, now_s, read

pytestmark = pytest.mark.clickhouse

DAY = 86_400


@pytest.fixture
def views(clickhouse: ClickHouseAccess) -> Iterator[ClickHouse]:
    with migrated_database(clickhouse) as connection:
        define(connection, MEASURES)
        yield connection


def of_command(*args: str) -> Any:
    app = typer.Typer()
    app.command()(explain)
    app.command()(scores)
    result = CliRunner().invoke(app, list(args))
    assert result.exit_code == 0, (result.output, result.exception)
    return json.loads(result.output) if "--json" in args else result.output


def test_the_commands_agree_with_the_views(
    views: ClickHouse, no_settings: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(views.address, monkeypatch)
    now = now_s(views)
    for name in ("csat.1-5", "fcr.no_repeat.7d"):
        measure = MEASURES.by_name(name)
        assert measure is not None
        for ago in (0, 2, 30):
            insert_counts(views, measure, now - ago * DAY, {1: 40})
        insert_counts(views, measure, now - 60 * DAY, {1: 1}, channel="CHAT")
    days = read(
        views,
        "SELECT measure, toString(toDate(period_start)) AS day, any(provisional) AS provisional "
        "FROM earshot.scores_by_day WHERE measure IN ('csat.1-5', 'fcr.no_repeat.7d') "
        "AND grouped_by = '' AND period_start > now() - toIntervalDay(45) "
        "GROUP BY measure, period_start ORDER BY measure, day",
    )
    # Two days ago is over, and less than 7 days.
    assert [row["provisional"] for row in days] == [False, False, True, False, True, True]
    for row in days:
        name, day = row["measure"], row["day"]
        end = f"{datetime.fromisoformat(day).replace(tzinfo=UTC) + timedelta(days=1):%Y-%m-%d}"
        shown = of_command("scores", "--measure", name, "--since", day, "--until", end, "--json")
        assert {one["provisional"] for one in shown} == {row["provisional"]}, row
        # Of a channel without answers then: these slices have no records, which explain would tell.
        asked = f"{name} by channel=CHAT {day}"
        (found,) = of_command("explain", asked, "--json")
        assert found["provisional"] is row["provisional"]
        assert ("Provisional" in of_command("explain", asked)) is row["provisional"]
    rolling = read(
        views,
        "SELECT DISTINCT measure, provisional FROM earshot.scores_rolling "
        "WHERE measure IN ('csat.1-5', 'fcr.no_repeat.7d') ORDER BY measure",
    )
    assert [row["provisional"] for row in rolling] == [False, True]
    for row in rolling:
        shown = of_command("scores", "--measure", row["measure"], "--window", "24h", "--json")
        assert {one["provisional"] for one in shown} == {row["provisional"]}
