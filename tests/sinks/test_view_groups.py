"""Which slices the score views show, in which groups and periods."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.measures import HistoryRules, Measure, Measures, Score
from sinks.clickhouse import ClickHouse
from tests.fold.model import MEASURES
from tests.sinks.viewing import define, insert_counts, now_s, read

pytestmark = pytest.mark.clickhouse

DAY = 86_400
YES = Score("yes", "share", "%", "", top=(1, 1))
ASKED = Measure(
    "asked", "feedback.responses", "", "", ("channel", "attributes.tier", "attributes.plan"), (YES,),
    metric="BOOL", scale=(0, 1),
)  # fmt: skip
ROLLUPS = ((), ("channel",), ("attributes.tier",), ("channel", "attributes.tier"), ("region",))


def defined(
    clickhouse: ClickHouse, *measures: Measure, version: int = 9, rollups: Any = ROLLUPS
) -> None:
    define(clickhouse, Measures(version, measures, "", HistoryRules(rollups=rollups)), n_stat=1)


def test_groups_are_the_rollups_of_the_newest_measures_file(migrated: ClickHouse) -> None:
    defined(migrated, ASKED)
    start = now_s(migrated) - 60
    for tier, plan, n in (("gold", "a", 1), ("gold", "b", 2), ("", "a", 4)):
        insert_counts(
            migrated, ASKED, start, {1: n}, channel="SMS",
            attributes__tier=tier, attributes__plan=plan,
        )  # fmt: skip
    seen = {
        (row["grouped_by"], row["channel"], tuple(row["attributes"].items())): row["n"]
        for row in read(migrated, "SELECT * FROM earshot.scores_rolling WHERE window = '1h'")
    }
    # Not by region: the measure does not declare it. The plan is in no roll-up.
    assert seen == {
        ("", "", ()): 7,
        ("channel", "SMS", ()): 7,
        ("attributes.tier", "", (("tier", "gold"),)): 3,
        ("attributes.tier", "", (("tier", ""),)): 4,
        ("channel,attributes.tier", "SMS", (("tier", "gold"),)): 3,
        ("channel,attributes.tier", "SMS", (("tier", ""),)): 4,
    }
    defined(migrated, ASKED, version=10, rollups=((),))
    later = read(migrated, "SELECT grouped_by, n FROM earshot.scores_rolling WHERE window = '1h'")
    assert later == [{"grouped_by": "", "n": 7}]


def test_what_is_due_in_the_future_is_not_shown_yet(migrated: ClickHouse) -> None:
    defined(migrated, ASKED)
    now = now_s(migrated)
    insert_counts(migrated, ASKED, now - 120, {1: 1})
    insert_counts(migrated, ASKED, now + 120, {0: 1})
    assert read(migrated, "SELECT sum(n) AS n FROM earshot.slice_groups WHERE grouped_by = ''") == [
        {"n": 1}
    ]
    (month,) = read(
        migrated,
        "SELECT sum(n) AS n, any(value) AS v FROM earshot.scores_by_month WHERE grouped_by = ''",
    )
    assert month == {"n": 1, "v": 100.0}


@pytest.mark.parametrize(("period", "view"), [("hour", "hour"), ("day", "day"), ("month", "month")])
def test_a_customer_that_counts_once_counts_in_that_period_only(
    migrated: ClickHouse, period: Any, view: str
) -> None:
    once = Measure(
        "once",
        "feedback.responses",
        "",
        "",
        (),
        (YES,),
        metric="BOOL",
        scale=(0, 1),
        once_per=period,
    )
    defined(migrated, once)
    insert_counts(migrated, once, now_s(migrated) - 60, {1: 3})
    views = {f"scores_by_{name}" for name in ("minute", "hour", "day", "month")} | {
        "scores_rolling"
    }
    shown = {
        name
        for name in views
        if read(migrated, f"SELECT 1 AS x FROM earshot.{name} WHERE measure = 'once'")
    }
    assert shown == {f"scores_by_{view}"}
    assert not read(
        migrated,
        "SELECT 1 AS x FROM earshot.scores_by_period(seconds = 900) WHERE measure = 'once'",
    )


def test_a_value_is_provisional_until_its_horizon(migrated: ClickHouse) -> None:
    fcr = MEASURES.by_name("fcr.no_repeat.7d")
    assert fcr is not None
    today = now_s(migrated) // DAY * DAY
    for days in (0, 6, 7, 8, 9):
        insert_counts(migrated, fcr, today - days * DAY, {1: 1})
    rows = read(
        migrated,
        "SELECT dateDiff('day', period_start, now('UTC')) AS days, provisional "
        "FROM earshot.scores_by_day WHERE measure = 'fcr.no_repeat.7d' AND grouped_by = '' ORDER BY days",
    )
    # The last of the day 7 days ago has its horizon at the end of today.
    assert [(row["days"], row["provisional"]) for row in rows] == [
        (0, True), (6, True), (7, True), (8, False), (9, False),
    ]  # fmt: skip


def test_a_score_that_the_newest_file_dropped_is_gone(migrated: ClickHouse) -> None:
    defined(migrated, ASKED)
    insert_counts(migrated, ASKED, now_s(migrated) - 60, {1: 1})
    assert read(migrated, "SELECT 1 AS x FROM earshot.scores_by_day WHERE measure = 'asked'")
    other = Measure("other", "feedback.responses", "", "", (), (YES,), metric="BOOL", scale=(0, 1))
    defined(migrated, other, version=10)
    assert not read(migrated, "SELECT 1 AS x FROM earshot.scores_by_day WHERE measure = 'asked'")
