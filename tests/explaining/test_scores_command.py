"""`earshot scores` with everything definitions hold."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from schemas.measures import Measure, Score
from sinks.clickhouse import ClickHouse
from streams.cli import score_table
from streams.cli.windows import window_between, window_of
from streams.reading import ScoreRow, Window, covers_one, is_provisional
from streams.scores import ScoreValue
from tests.explaining.conftest import Run
from tests.explaining.day import DAY

OF_THE_DAY = ("--since", DAY, "--until", "2018-03-15")


def rows_of(run: Run, *args: str) -> dict[tuple[str, ...], dict[str, Any]]:
    dimensions = args[args.index("--by") + 1].split(",") if "--by" in args else []
    return {
        (row["measure"], row["score"], *(row[name] for name in dimensions)): row
        for row in json.loads(run("scores", *args, "--json"))
    }


@pytest.mark.clickhouse
def test_durations_are_seconds_in_json_and_csv_and_units_for_people(run: Run) -> None:
    row = rows_of(run, *OF_THE_DAY)["first_reply", "median"]
    assert row["value"] == pytest.approx(1800, rel=0.01)
    assert row["unit"] == "s"
    assert row["method"] == "order_statistics"
    lines = list(csv.DictReader(io.StringIO(run("scores", *OF_THE_DAY, "--csv"))))
    (line,) = [one for one in lines if (one["measure"], one["score"]) == ("first_reply", "median")]
    assert float(line["value"]) == row["value"]
    (text,) = [
        line for line in run("scores", *OF_THE_DAY).splitlines()
        if line.split()[:2] == ["first_reply", "median"]
    ]  # fmt: skip
    assert "29 min 55 s" in text or "30 min" in text


@pytest.mark.clickhouse
def test_quantiles_and_shares_of_a_base(run: Run) -> None:
    rows = rows_of(run, *OF_THE_DAY)
    assert (rows["csat.1-5", "median"]["value"], rows["csat.1-5", "median"]["n"]) == (4.0, 5)
    assert (rows["csat.1-5", "of_sure"]["value"], rows["csat.1-5", "of_sure"]["n"]) == (50.0, 4)


@pytest.mark.clickhouse
def test_dimensions_of_facts_and_attributes(run: Run) -> None:
    rows = rows_of(run, *OF_THE_DAY, "--by", "attributes.tier")
    assert rows["nps.relational", "nps", "gold"]["n"] == 1
    assert rows["nps.relational", "nps", ""]["n"] == 4
    assert "gold" in run("scores", *OF_THE_DAY, "--by", "attributes.tier,channel")
    rows = rows_of(run, *OF_THE_DAY, "--by", "contact_rule")
    assert rows.keys() == {("contact", "share", "a_week_apart")}
    assert rows_of(run, *OF_THE_DAY, "--by", "sla_policy,sla_metric").keys() == {
        ("sla", "share", "standard", "first_reply")
    }


@pytest.mark.clickhouse
def test_what_is_due_later_is_not_missed_yet(run: Run) -> None:
    # Until then: the end of the day, two days before the targets of a resolution.
    by = ("--by", "sla_metric", "--measure", "sla")
    assert ("sla", "share", "resolution") not in rows_of(run, "--window", "all", "--at", DAY, *by)
    rows = rows_of(run, "--window", "all", *by)
    assert rows["sla", "share", "resolution"]["n"] == 5
    assert datetime.fromisoformat(rows["sla", "share", "resolution"]["window_end"]) <= datetime.now(
        UTC
    ) + timedelta(minutes=1)


@pytest.mark.clickhouse
def test_a_customer_counts_once_only_in_one_whole_period(run: Run) -> None:
    assert ("nps.customers", "nps") not in rows_of(run, *OF_THE_DAY)
    named = (*OF_THE_DAY, "--measure", "nps.customers")
    assert rows_of(run, *named)["nps.customers", "nps"]["n"] == 4
    two_days = run("scores", "--since", DAY, "--until", "2018-03-16", "--measure", "nps.customers")
    assert "nps.customers counts each customer once per day" in two_days
    assert "No scores" in two_days
    other_zone = (f"{DAY}T00:00+01:00", "2018-03-15T00:00+01:00")
    assert "once per day" in run(
        "scores", "--since", other_zone[0], "--until", other_zone[1], "--measure", "nps.customers"
    )


def test_a_table_on_a_terminal_is_no_wider_than_a_hundred(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wide = Console(width=100, force_terminal=True, color_system=None, highlight=False)
    monkeypatch.setattr(score_table, "console", lambda: wide)
    score = Score("median", "quantile", "s", "", q=0.5)
    fact = "first_reply.assigned.business"
    measure = Measure(fact, "feedback.interactions", "", "", (), (score,), fact=fact)
    result = ScoreValue(3599.0, 3599.0, 3599.0, 123_456, "order_statistics", "suppressed")
    with wide.capture() as shown:
        score_table.print_scores([ScoreRow(measure, score, (), result)], [], Window())
    (line,) = shown.get().splitlines()[2:]
    assert len(line.rstrip()) <= 100
    assert line.split("  ") == [
        fact, "median", "59 min 59 s", "59 min 59 s .. 59 min 59 s", "123,456", "suppressed",
    ]  # fmt: skip


@pytest.mark.clickhouse
@pytest.mark.parametrize(
    "args",
    [
        ("--by", "tier"),
        ("--by", "attributes.colour"),
        ("--by", "channel,channel"),
        ("--since", "then"),
        ("--since", f"{DAY}T10:00:30"),
        ("--since", DAY, "--until", DAY),
        ("--window", "3y"),
        ("--measure", "csat"),
        ("--json", "--csv"),
    ],
)
def test_wrong_usage_ends_with_2(run: Run, args: tuple[str, ...]) -> None:
    run("scores", *args, code=2)


@pytest.mark.clickhouse
def test_slices_that_do_not_fit_the_definitions_are_one_message(
    run: Run, database: ClickHouse
) -> None:
    from schemas.errors import SchemaError

    name = database.address.database
    database.command(
        f"INSERT INTO {name}.slices SELECT * REPLACE (9 AS bucket, _chunk + 1000 AS _chunk) "
        f"FROM {name}.slices WHERE measure = 'csat.1-5'"
    )
    try:
        with pytest.raises(AssertionError) as told:
            run("scores", *OF_THE_DAY)
    finally:
        database.command(
            f"ALTER TABLE {name}.slices DELETE WHERE _chunk >= 1000 SETTINGS mutations_sync = 1"
        )
    assert SchemaError.__name__ in str(told.value)
    assert "Bucket 9" in str(told.value)


def test_a_fact_is_provisional_until_its_horizon_is_over() -> None:
    measure = Measure("m", "feedback.interactions", "", "", (), (), fact="fcr.no_repeat.7d")
    end = datetime(2018, 3, 15, tzinfo=UTC)
    window = Window(None, end)
    assert is_provisional(measure, window, end + timedelta(days=7, minutes=-1))
    assert not is_provisional(measure, window, end + timedelta(days=7))
    assert is_provisional(measure, Window(), end)
    plain = Measure("m", "feedback.interactions", "", "", (), (), fact="next_reply.calendar")
    assert not is_provisional(plain, Window(None, end), end)


@pytest.mark.parametrize("fact", ["", "next_reply.calendar", "fcr.no_repeat.7d"])
def test_a_period_that_runs_is_provisional_whatever_is_measured(fact: str) -> None:
    measure = Measure("m", "feedback.interactions", "", "", (), (), fact=fact)
    now = datetime(2018, 3, 15, 12, 0, 30, tzinfo=UTC)
    assert is_provisional(measure, window_of("24h", "2018-03-15T12:01", now), now)
    assert is_provisional(measure, window_between("2018-03-15", "2018-03-16", now), now)
    # One that ends with the current minute because no end was given is as those of scores_rolling.
    waits = fact == "fcr.no_repeat.7d"
    for rolling in (window_of("24h", "", now), window_of("all", "", now), Window()):
        assert is_provisional(measure, rolling, now) is waits
    assert is_provisional(measure, window_between("2018-03-15", "", now), now) is waits


def test_the_last_month_there_is_ends_nowhere() -> None:
    last = datetime(9999, 12, 1, tzinfo=UTC)
    assert not covers_one("month", Window(last, last + timedelta(days=30)))
    assert covers_one("month", Window(last - timedelta(days=30), last))


@pytest.mark.parametrize("since", ["0001-01-01T00:00+05:00", "9999-12-31T23:00-05:00"])
def test_a_time_outside_all_years_of_utc_is_wrong_usage(since: str) -> None:
    with pytest.raises(typer.BadParameter, match="years"):
        window_between(since, "", datetime(2018, 3, 15, tzinfo=UTC))


@given(st.integers(0, 3_000_000), st.sampled_from(["hour", "day", "month"]))
def test_one_period_and_no_other(hours: int, once_per: Any) -> None:
    moment = datetime.fromtimestamp(3600 * hours, UTC)
    if once_per != "hour":
        moment = moment.replace(hour=0)
    if once_per == "month":
        moment = moment.replace(day=1)
    following = moment + timedelta(days=31)
    end = {
        "hour": moment + timedelta(hours=1),
        "day": moment + timedelta(days=1),
        "month": following.replace(day=1),
    }[once_per]
    assert covers_one(once_per, Window(moment, end))
    minute = timedelta(minutes=1)
    for window in (
        Window(moment - minute, end),
        Window(moment, end + minute),
        Window(moment + minute, end + minute),
        Window(moment, end + (end - moment)),
        Window(None, end),
        Window(moment, None),
    ):
        assert not covers_one(once_per, window)
