"""Changes and segments, against Python's differences of the same histograms."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.measures import Measure
from sinks.clickhouse import ClickHouse
from streams.scores import Difference, Thresholds, benjamini_hochberg, difference
from tests.fold.model import MEASURES
from tests.sinks.viewing import define, insert_counts, now_s, read

pytestmark = pytest.mark.clickhouse

DAY = 86_400
CHANNELS = ("EMAIL", "SMS", "CHAT")
#: By measure, days ago and channel: one channel fell, the others stayed.
COUNTS: dict[str, dict[int, tuple[dict[int, int], ...]]] = {
    "nps.relational": {
        5: ({10: 60, 8: 30, 2: 30}, {10: 50, 7: 50, 5: 40}, {9: 3}),
        4: ({10: 20, 8: 30, 2: 70}, {10: 52, 7: 50, 5: 41}, {9: 2, 1: 1}),
    },
    "csat.1-5": {
        5: ({5: 60, 3: 20, 1: 20}, {5: 50, 4: 50}, {}),
        4: ({5: 30, 3: 20, 1: 50}, {5: 50, 4: 49}, {2: 40}),
    },
    "first_reply.created.calendar": {
        5: ({700: 60, 750: 60}, {700: 50, 800: 50}, {}),
        4: ({760: 60, 790: 60}, {700: 52, 800: 50}, {650: 40}),
    },
    "answers": {5: ({0: 100}, {0: 40}, {}), 4: ({0: 160}, {0: 44}, {0: 3})},
}


def measure(name: str) -> Measure:
    found = MEASURES.by_name(name)
    assert found is not None
    return found


def added(*sides: dict[int, int]) -> dict[int, int]:
    return {b: sum(side.get(b, 0) for side in sides) for b in {b for side in sides for b in side}}


def check(row: dict[str, Any], found: Difference) -> None:
    where = (
        row["measure"],
        row["score"],
        row["grouped_by"] if "grouped_by" in row else row["segment"],
    )
    assert (row["method"], row["status"]) == (found.method, found.status), where
    for column, number in {
        "difference": found.value, "lower": found.lower, "upper": found.upper, "z": found.z,
        "p": found.p,
    }.items():  # fmt: skip
        wanted = None if number is None else pytest.approx(number, rel=1e-8, abs=1e-12)
        assert row[column] == wanted, (where, column)


def check_adjusted(rows: list[dict[str, Any]]) -> None:
    """The rows of one look: their q are those of Benjamini and Hochberg."""
    for row, q in zip(rows, benjamini_hochberg([row["p"] for row in rows]), strict=True):
        assert row["q"] == (None if q is None else pytest.approx(q, rel=1e-9)), row["measure"]
        wanted = None if q is None else q < 0.05 and row["status"] == "ok"
        assert row["significant"] is (wanted if wanted is None else bool(wanted))


@pytest.fixture
def today(migrated: ClickHouse) -> int:
    define(migrated, MEASURES)
    today = now_s(migrated) // DAY * DAY
    for name, days in COUNTS.items():
        for ago, channels in days.items():
            for channel, counts in zip(CHANNELS, channels, strict=True):
                insert_counts(migrated, measure(name), today - ago * DAY, counts, channel=channel)
    return today


def test_a_day_against_the_day_before(migrated: ClickHouse, today: int) -> None:
    rows = read(
        migrated,
        "SELECT *, toUnixTimestamp(period_start) AS start FROM earshot.score_changes_by_day "
        "WHERE grouped_by = 'channel' ORDER BY start, measure, score",
    )
    assert {row["start"] for row in rows} == {today - ago * DAY for ago in (5, 4, 3)}
    for row in rows:
        at = CHANNELS.index(row["channel"])
        one = measure(row["measure"])
        (score,) = [score for score in one.scores if score.name == row["score"]]
        ago = round((today - row["start"]) / DAY)
        here, before = (COUNTS[one.name].get(day, ({}, {}, {}))[at] for day in (ago, ago + 1))
        check(
            row,
            difference(score, here, before, one.scale, Thresholds(), duration=one.is_duration),
        )
    # The first day has nothing before it: no difference, and not one from 0.
    assert all(row["difference"] is None for row in rows if row["start"] == today - 5 * DAY)
    for name in COUNTS:
        for score in measure(name).scores:
            check_adjusted(
                [
                    row
                    for row in rows
                    if (row["measure"], row["score"]) == (name, score.name)
                    and row["start"] == today - 4 * DAY
                ]
            )
    significant = {
        (row["measure"], row["channel"])
        for row in rows
        if row["significant"] and row["score"] == "nps"
    }
    assert significant == {("nps.relational", "EMAIL")}


def test_who_fell_silent_has_a_row(migrated: ClickHouse) -> None:
    define(migrated, MEASURES)
    today = now_s(migrated) // DAY * DAY
    nps = measure("nps.relational")
    for ago, channel in ((3, "EMAIL"), (3, "SMS"), (2, "SMS"), (0, "CHAT")):
        insert_counts(migrated, nps, today - ago * DAY, {10: 40, 2: 20}, channel=channel)
    rows = read(
        migrated,
        "SELECT *, toUnixTimestamp(period_start) AS start FROM earshot.score_changes_by_day "
        "WHERE score = 'nps' AND grouped_by = 'channel' ORDER BY start DESC, channel",
    )
    # None for a day that has not begun, and one for each silence: not for every day it lasts.
    assert [
        ((today - row["start"]) // DAY, row["channel"], row["n"], row["n_before"]) for row in rows
    ] == [
        (0, "CHAT", 60, 0), (1, "SMS", 0, 60), (2, "EMAIL", 0, 60), (2, "SMS", 60, 60),
        (3, "EMAIL", 60, 0), (3, "SMS", 60, 0),
    ]  # fmt: skip
    for row in rows:
        if row["n"] == 0:
            assert row["status"] == "empty"
            told = ("difference", "lower", "upper", "z", "p", "q", "significant")
            assert [row[name] for name in told] == [None] * len(told)


def test_a_segment_against_all_others(migrated: ClickHouse, today: int) -> None:
    rows = read(
        migrated,
        "SELECT *, toUnixTimestamp(period_start) AS start FROM earshot.segment_differences_by_day "
        "WHERE dimension = 'channel' ORDER BY start, measure, score",
    )
    assert not [row for row in rows if row["measure"] == "answers"]
    looks: dict[tuple[int, str, str], list[dict[str, Any]]] = {}
    for row in rows:
        one = measure(row["measure"])
        (score,) = [score for score in one.scores if score.name == row["score"]]
        channels = COUNTS[one.name][round((today - row["start"]) / DAY)]
        at = CHANNELS.index(row["segment"])
        others = added(*(channels[:at] + channels[at + 1 :]))
        check(
            row,
            difference(
                score, channels[at], others, one.scale, Thresholds(), duration=one.is_duration
            ),
        )
        looks.setdefault((row["start"], one.name, score.name), []).append(row)
    assert len(looks) > 10
    for found in looks.values():
        check_adjusted(found)


def test_a_month_against_the_month_before(migrated: ClickHouse, today: int) -> None:
    (row,) = read(
        migrated,
        "SELECT sum(n) AS n FROM earshot.score_changes_by_month "
        "WHERE measure = 'answers' AND grouped_by = ''",
    )
    assert row["n"] == 347
    segments = read(
        migrated,
        "SELECT DISTINCT segment FROM earshot.segment_differences_by_month WHERE dimension = 'channel'",
    )
    assert {row["segment"] for row in segments} == set(CHANNELS)
