"""Paths of customers against a journey map."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from schemas.journey_maps import JourneyMap
from schemas.measures import HistoryRules, Measures
from sinks.clickhouse import ClickHouse
from streams.scores import Thresholds, evaluate
from streams.scores.duration_buckets import bucket_of
from tests.fold.model import MEASURES
from tests.sinks.viewing import define, insert, insert_counts, now_s, read

pytestmark = pytest.mark.clickhouse

HOUR_MS = 3_600_000
MAP = JourneyMap(
    "buying",
    ("find", "order", "pay"),
    frozenset({"find"}),
    frozenset({("find", "order"), ("order", "pay")}),
    ends_after_ms=10 * HOUR_MS,
    expected_ms={"find": HOUR_MS},
)


def declare(clickhouse: ClickHouse, n_privacy: int = 1) -> None:
    rules = HistoryRules(journeys={"buying": MAP}, rollups=((),))
    definitions = Measures(7, MEASURES.measures, "", rules)
    define(clickhouse, definitions, n_stat=2, n_privacy=n_privacy)


def walk(
    clickhouse: ClickHouse, customer: str, *steps: tuple[float, str], on_map: str = "UNKNOWN"
) -> None:
    start = datetime.fromtimestamp(now_s(clickhouse), UTC) - timedelta(days=3)
    for number, (hours, stage) in enumerate(steps):
        insert(
            clickhouse, "interactions",
            {
                "event_id": f"{customer}{number}{hours}", "source": "shop", "conversation_id": "",
                "customer_id": customer, "journey": "buying", "journey_stage": stage,
                "on_map": on_map, "event_time": start + timedelta(hours=hours),
            },
        )  # fmt: skip


def test_paths_and_what_leaves_the_map(migrated: ClickHouse) -> None:
    declare(migrated)
    # Arrives out of order; two events of a stage are one visit.
    walk(migrated, "a", (4, "pay"), (0, "find"), (1, "find"), (2, "order"))
    # 11 h of silence end a path; what comes next begins another one, in the wrong stage.
    walk(migrated, "b", (0, "find"), (2, "pay"), (13, "pay"))
    walk(migrated, "c", (0, "find"), on_map="OFF")
    rows = read(migrated, "SELECT * FROM earshot.journey_paths ORDER BY subject, started_at")
    assert [(row["subject"], row["stages"], row["on_map"], row["is_on_map"]) for row in rows] == [
        ("c:a", ["find", "order", "pay"], [True, True, True], True),
        ("c:b", ["find", "pay"], [True, False], False),
        ("c:b", ["pay"], [False], False),
        ("c:c", ["find"], [False], False),
    ]
    assert rows[0]["seconds"] == 4 * 3600
    assert rows[0]["entered_at"][1] - rows[0]["started_at"] == timedelta(hours=2)
    paths = read(migrated, "SELECT * FROM earshot.off_map_paths ORDER BY stages")
    assert [(row["stages"], row["paths"], row["share"]) for row in paths] == [
        (["find"], 1, 25.0), (["find", "pay"], 1, 25.0), (["pay"], 1, 25.0),
    ]  # fmt: skip
    steps = read(migrated, "SELECT * FROM earshot.off_map_steps ORDER BY from_stage, to_stage")
    assert [
        (row["from_stage"], row["to_stage"], row["steps"], row["steps_of_journey"]) for row in steps
    ] == [("", "find", 1, 7), ("", "pay", 1, 7), ("find", "pay", 1, 7)]


def test_ways_off_the_map_that_few_took_are_not_shown(migrated: ClickHouse) -> None:
    declare(migrated, n_privacy=3)
    for customer in ("a", "b", "c"):
        walk(migrated, customer, (0, "find"), (1, "pay"))
    walk(migrated, "d", (0, "pay"), (1, "find"))
    paths = read(migrated, "SELECT * FROM earshot.off_map_paths ORDER BY stages")
    shown = ("stages", "paths", "paths_of_journey", "share", "status")
    assert [[row[name] for name in shown] for row in paths] == [
        [["find", "pay"], 3, 4, 75.0, "ok"], [["pay", "find"], None, 4, None, "suppressed"],
    ]  # fmt: skip
    assert (paths[1]["lower"], paths[1]["upper"]) == (None, None)
    steps = read(migrated, "SELECT * FROM earshot.off_map_steps ORDER BY from_stage, to_stage")
    told = ("from_stage", "to_stage", "steps", "steps_of_journey", "share", "status")
    assert [[row[name] for name in told] for row in steps] == [
        ["", "pay", None, 8, None, "suppressed"], ["find", "pay", 3, 8, 37.5, "ok"],
        ["pay", "find", None, 8, None, "suppressed"],
    ]  # fmt: skip
    assert (steps[0]["lower"], steps[0]["upper"]) == (None, None)


def test_few_visits_show_how_many_they_are_and_no_more(migrated: ClickHouse) -> None:
    declare(migrated, n_privacy=5)
    time, in_time = (MEASURES.by_name(f"journey.{name}") for name in ("stage_time", "in_time"))
    assert time is not None
    assert in_time is not None
    now = now_s(migrated)
    insert_counts(migrated, time, now, {bucket_of(1): 4}, journey="buying", journey_stage="find")
    insert_counts(migrated, in_time, now, {0: 1, 1: 3}, journey="buying", journey_stage="find")
    (row,) = read(migrated, "SELECT * FROM earshot.journey_stage_times")
    assert (row["n"], row["status"], row["p50_s"], row["p90_s"]) == (4, "suppressed", None, None)
    # The visits that are due are n of the share; how many of them were in time stands nowhere else.
    assert (row["due"], row["in_time_status"]) == (4, "suppressed")
    assert row["in_time_share"] is row["in_time_lower"] is row["in_time_upper"] is None


def test_times_in_a_stage_against_what_is_expected(migrated: ClickHouse) -> None:
    declare(migrated)
    time, in_time = (MEASURES.by_name(f"journey.{name}") for name in ("stage_time", "in_time"))
    assert time is not None
    assert in_time is not None
    counts = {bucket_of(minutes * 60_000): n for minutes, n in ((5, 20), (50, 60), (300, 20))}
    now = now_s(migrated)
    insert_counts(migrated, time, now, counts, journey="buying", journey_stage="find")
    insert_counts(migrated, in_time, now, {0: 25, 1: 75}, journey="buying", journey_stage="find")
    insert_counts(migrated, time, now, {bucket_of(1): 1}, journey="buying", journey_stage="pay")
    rows = {
        row["journey_stage"]: row
        for row in read(migrated, "SELECT * FROM earshot.journey_stage_times")
    }
    find, pay = rows["find"], rows["pay"]
    for name, q in (("p50", 0.5), ("p90", 0.9)):
        (score,) = [score for score in time.scores if score.kind == "quantile" and score.q == q]
        value = evaluate(score, counts, None, Thresholds(n_stat=2), duration=True)
        assert value.value is not None
        assert find[f"{name}_s"] == pytest.approx(value.value, rel=1e-9)
        assert find[f"{name}_lower_s"] == pytest.approx(value.lower, rel=1e-9)
        assert find[f"{name}_upper_s"] == pytest.approx(value.upper, rel=1e-9)
    assert (find["expected_s"], find["due"], find["in_time_share"]) == (3600, 100, 75)
    assert find["in_time_lower"] < 75 < find["in_time_upper"]
    # Nothing is expected of the last stage.
    assert (pay["expected_s"], pay["in_time_share"], pay["in_time_status"]) == (None, None, "empty")
    assert (pay["n"], pay["status"]) == (1, "thin")
