"""The score views equal `streams.scores` on the same counts, row by row, to 1e-9."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest

from schemas.facts import FACTS
from schemas.measures import DIMENSIONS, Measure
from sinks.clickhouse import ClickHouse
from sinks.tables import TABLES
from streams.fold.cells import Cell
from streams.fold.chunks import Total
from streams.fold.columns import slice_columns
from streams.fold.partition import SliceRow
from streams.scores import Thresholds, evaluate
from streams.settings import load_settings
from tests.databases import migrate
from tests.fold.model import MEASURES

pytestmark = pytest.mark.clickhouse

THRESHOLDS = Thresholds(n_privacy=3, n_stat=20, confidence=0.9)
NAMES = (
    "nps.relational", "csat.1-5", "ces.1-7", "answers", "interactions.solved", "participation",
    "fcr.no_repeat.7d", "first_reply.created.calendar",
)  # fmt: skip
#: Some of the 1475 buckets of durations: none, ms, an hour, years.
DURATIONS = (0, 1, 36, 756, 760, 1300)
GROUPINGS = MEASURES.rules.rollups
VALUES = {
    "survey_id": ("s1",),
    "question_id": ("q1", "q2"),
    "touchpoint": ("checkout", "", "delivery"),
    "channel": ("EMAIL", "SMS"),
    "journey_stage": ("buy",),
    "team_id": ("a", "b"),
    "agent_id": ("x",),
    "product": ("p1", "p2"),
    "region": ("",),
}
ROW = (
    "n, value, lower, upper, unit, method, confidence, status, provisional, higher_is_better, "
    "length(attributes)"
)
MINUTE, HOUR, DAY = 60, 3600, 86_400
#: How long ago slices begin, in seconds: on both sides of the start of every rolling window.
AGES = (
    -MINUTE, 0, MINUTE, 4 * MINUTE, 5 * MINUTE, HOUR - MINUTE, HOUR, DAY - MINUTE, DAY,
    7 * DAY - MINUTE, 7 * DAY, 28 * DAY - MINUTE, 28 * DAY, 70 * DAY,
)  # fmt: skip

Counts = dict[Any, dict[int, int]]
Place = tuple[str, int, tuple[str, ...]]


def measure(name: str) -> Measure:
    found = MEASURES.by_name(name)
    assert found is not None
    return found


def histograms(rng: random.Random, now: int) -> dict[Place, dict[int, int]]:
    """Return counts by measure, start of the minute and series: none, few and many answers."""
    found: dict[Place, dict[int, int]] = defaultdict(dict)
    for name in NAMES:
        one = measure(name)
        low, high = one.scale or (0, 0)
        possible = DURATIONS if one.is_duration else range(low, high + 1)
        for age in AGES:
            for _ in range(3):
                series = tuple(rng.choice(VALUES[dimension]) for dimension in one.dimensions)
                for bucket in rng.sample(possible, rng.randint(1, len(possible))):
                    found[name, now - age, series][bucket] = rng.choice((0, 1, 1, 2, 9, 400))
    return found


def rows_of(rng: random.Random, found: dict[Place, dict[int, int]]) -> Iterable[SliceRow]:
    """Yield rows whose sum are the counts: by several chunks, some of which take back."""
    version = count(1)
    for (name, start, series), buckets in found.items():
        for bucket, n in buckets.items():
            first = rng.randint(0, n + 3)
            for chunk, part in ((0, first), (1, n - first)):
                cell = Cell(name, measure(name).dimensions, series, start * 1000, bucket)
                # An older total of the same chunk, which must not count.
                yield SliceRow(chunk, 0, 1, Total(cell, part + 5, next(version)))
                yield SliceRow(chunk, 0, 1, Total(cell, part, next(version)))


def load(clickhouse: ClickHouse, found: dict[Place, dict[int, int]], rng: random.Random) -> None:
    settings = load_settings(scores={"n_privacy": 3, "n_stat": 20, "confidence": 0.9})
    migrate(clickhouse, settings)
    rows = list(rows_of(rng, found))
    rng.shuffle(rows)
    for start in range(0, len(rows), 500):
        columns = slice_columns(rows[start : start + 500], ("feedback.responses", 0, 1))
        clickhouse.insert(TABLES["slices"], columns)


def grouped(
    found: dict[Place, dict[int, int]], periods: Callable[[int], Iterable[Any]]
) -> dict[tuple[Any, ...], dict[int, int]]:
    """Return summed counts by period, measure, grouping and the values of all dimensions."""
    sums: dict[tuple[Any, ...], dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for (name, start, series), buckets in found.items():
        values = dict(zip(measure(name).dimensions, series, strict=True))
        for grouping in GROUPINGS:
            if not set(grouping) <= values.keys():
                continue
            shown = tuple(values[d] if d in grouping else "" for d in DIMENSIONS)
            for period in periods(start):
                for bucket, n in buckets.items():
                    sums[(period, name, ",".join(grouping), *shown)][bucket] += n
    return sums


def expected(
    sums: dict[tuple[Any, ...], dict[int, int]], provisional: Callable[[Measure, Any], bool]
) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    found = {}
    for (period, name, *shown), buckets in sums.items():
        one = measure(name)
        for score in one.scores:
            value = evaluate(score, buckets, one.scale, THRESHOLDS, duration=one.is_duration)
            found[(period, name, score.name, *shown)] = (
                value.n,
                *(
                    number if number is None else pytest.approx(number, rel=1e-9, abs=1e-9)
                    for number in (value.value, value.lower, value.upper)
                ),
                score.unit, value.method, THRESHOLDS.confidence, value.status,
                provisional(one, period), one.higher_is_better, 0,
            )  # fmt: skip
    return found


def seen(clickhouse: ClickHouse, view: str, period: str) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    keys = f"{period}, measure, score, grouped_by, {', '.join(DIMENSIONS)}"
    rows = clickhouse.rows(f"SELECT {keys}, {ROW} FROM {clickhouse.address.database}.{view}")
    width = 4 + len(DIMENSIONS)
    found = {row[:width]: row[width:] for row in rows}
    assert len(found) == len(rows), "a key is there twice"
    return found


def in_one(period: Callable[[int], int]) -> Callable[[int], list[int]]:
    """Return a function from a minute to the period it is in."""
    return lambda start: [period(start)]


def still_open(end: Callable[[int], int], now: int) -> Callable[[Measure, int], bool]:
    """Return whether a score of a period may still change by design."""
    return lambda one, start: end(start) + horizon_s(one) > now


def horizon_s(one: Measure) -> int:
    return FACTS[one.fact].horizon_ms // 1000 if one.fact else 0


def month(start: int) -> int:
    moment = datetime.fromtimestamp(start, UTC)
    return int(datetime(moment.year, moment.month, 1, tzinfo=UTC).timestamp())


@pytest.fixture
def counts(empty: ClickHouse) -> dict[Place, dict[int, int]]:
    rng = random.Random(8)
    found = histograms(rng, minute(empty))
    load(empty, found, rng)
    return found


def minute(clickhouse: ClickHouse) -> int:
    """Return when the database's present minute began: views change only from one to the next."""
    ((now,),) = clickhouse.rows("SELECT toUnixTimestamp(toStartOfMinute(now('UTC')))")
    return int(now)


def seen_in_one_minute(
    clickhouse: ClickHouse, view: str, period: str
) -> tuple[int, dict[tuple[Any, ...], tuple[Any, ...]]]:
    """Return what a view shows and the minute in which it did."""
    while True:
        before = minute(clickhouse)
        found = seen(clickhouse, view, period)
        if minute(clickhouse) == before:
            return before, found


def test_scores_by_period(empty: ClickHouse, counts: dict[Place, dict[int, int]]) -> None:
    periods: dict[str, tuple[Callable[[int], int], Callable[[int], int]]] = {
        "minute": (lambda start: start, lambda start: start + MINUTE),
        "hour": (lambda start: start - start % HOUR, lambda start: start + HOUR),
        "day": (lambda start: start - start % DAY, lambda start: start + DAY),
        "month": (month, lambda start: month(start + 31 * DAY)),
    }
    statuses = set()
    for name, (period, end) in periods.items():
        now, found = seen_in_one_minute(empty, f"scores_by_{name}", "toUnixTimestamp(period_start)")
        # What is dated in the future is in the table, and in no view.
        begun = {place: buckets for place, buckets in counts.items() if place[1] <= now}
        wanted = expected(grouped(begun, in_one(period)), still_open(end, now))
        assert found.keys() == wanted.keys()
        for key, row in wanted.items():
            assert found[key] == row, key
        statuses |= {(row[5], row[7]) for row in wanted.values()}
    # The data holds every case, or the test would not show much.
    methods = {"adjusted_wald", "wilson", "student_t"}
    assert statuses >= {(m, s) for m in methods for s in ("ok", "thin", "suppressed", "empty")}
    assert ("order_statistics", "ok") in statuses
    assert ("exact", "thin") not in statuses


def test_rolling_scores(empty: ClickHouse, counts: dict[Place, dict[int, int]]) -> None:
    found = seen(empty, "scores_rolling", "(window, toUnixTimestamp(window_end))")
    ((end,),) = {(key[0][1],) for key in found}
    seconds = {"5m": 300, "1h": HOUR, "24h": DAY, "7d": 7 * DAY, "28d": 28 * DAY}

    def windows(start: int) -> list[tuple[str, int]]:
        return [(name, end) for name, s in seconds.items() if end - s <= start < end]

    wanted = expected(grouped(counts, windows), lambda one, _: horizon_s(one) > 0)
    assert found.keys() == wanted.keys()
    for key, row in wanted.items():
        assert found[key] == row, key
    assert {key[0][0] for key in found} == seconds.keys()


def test_segments_sum_to_the_whole(empty: ClickHouse, counts: dict[Place, dict[int, int]]) -> None:
    assert counts
    rows = empty.rows(
        "SELECT measure, grouped_by, sumMap(histogram.1, histogram.2) "
        f"FROM {empty.address.database}.histograms_by_month GROUP BY measure, grouped_by"
    )
    wholes = {measure: total for measure, grouped_by, total in rows if not grouped_by}
    segments = [(measure, total) for measure, grouped_by, total in rows if grouped_by]
    assert len(segments) > 5 * len(wholes)
    for measure, total in segments:
        assert total == wholes[measure]


def test_a_number_that_is_not_shown_is_null(
    empty: ClickHouse, counts: dict[Place, dict[int, int]]
) -> None:
    assert counts
    database = empty.address.database
    rows = empty.rows(
        "SELECT status, countIf(value IS NULL), countIf(lower IS NULL), count() "
        f"FROM {database}.scores_by_minute GROUP BY status ORDER BY status"
    )
    hidden = {status: (values, bounds, n) for status, values, bounds, n in rows}
    for status in ("empty", "suppressed"):
        values, bounds, n = hidden[status]
        assert values == bounds == n > 0
    assert hidden["ok"][:2] == (0, 0)
    assert hidden["thin"][:2] == (0, 0)
