"""Conversations one by one, and the views that join them with answers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from schemas.measures import Measure
from sinks.clickhouse import ClickHouse
from streams.scores import Thresholds, correlation, difference, evaluate
from tests.fold.model import MEASURES
from tests.sinks.viewing import define, insert, insert_counts, now_s, read

pytestmark = pytest.mark.clickhouse

DAY = 86_400
THRESHOLDS = Thresholds(n_stat=4)


def measure(name: str) -> Measure:
    found = MEASURES.by_name(name)
    assert found is not None
    return found


def ago(clickhouse: ClickHouse, **parts: float) -> datetime:
    return datetime.fromtimestamp(now_s(clickhouse), UTC) - timedelta(**parts)


def conversation(
    clickhouse: ClickHouse, name: str, facts: list[tuple[str, datetime, int]], **more: Any
) -> None:
    insert(
        clickhouse,
        "conversations",
        {
            "source": "desk", "conversation_id": name, "state": "closed",
            "started_at": ago(clickhouse, hours=5), "last_event_at": ago(clickhouse, hours=1),
            "events": 5, "_version": 1,
            "fact_names": [fact[0] for fact in facts],
            "fact_times": [fact[1] for fact in facts],
            "fact_values": [fact[2] for fact in facts],
            **more,
        },
    )  # fmt: skip


def test_columns_are_the_facts_and_null_without_one(migrated: ClickHouse) -> None:
    then = ago(migrated, hours=1)
    conversation(
        migrated, "answered",
        [
            ("first_reply.created.calendar", then, 90_500),
            ("full_resolution.business", then, 7_200_000),
            ("hold_time.calendar", then, 0), ("effort", then, 35), ("reopened", then, 0),
            ("fcr.no_further", then, 1), ("fcr.no_repeat.7d", then, 1), ("fcr.no_repeat.14d", then, 0),
            ("sla", then, 1), ("sla", then, 0), ("sla", ago(migrated, hours=-1), 0),
            ("promise", then, 1), ("promise", then, 0), ("promise", ago(migrated, hours=-1), 0),
        ],
        first_solved_at=ago(migrated, days=8),
    )  # fmt: skip
    conversation(migrated, "waiting", [], state="waiting", started_at=ago(migrated, hours=2))
    rows = {
        row["conversation_id"]: row
        for row in read(migrated, "SELECT * FROM earshot.conversations_current")
    }
    answered, waiting = rows["answered"], rows["waiting"]
    assert answered["first_reply_s"] == 90.5
    assert answered["full_resolution_business_s"] == 7200
    assert (answered["hold_s"], answered["effort"]) == (0, 35)
    assert (answered["reopened"], answered["fcr_no_further"]) == (False, True)
    assert (answered["fcr_no_repeat_7d"], answered["fcr_no_repeat_7d_provisional"]) == (True, False)
    assert (answered["fcr_no_repeat_14d"], answered["fcr_no_repeat_14d_provisional"]) == (
        False,
        True,
    )
    # The third target is not due yet: neither met nor missed. Nor is the third promise.
    assert (answered["sla_met"], answered["sla_missed"]) == (1, 1)
    assert (answered["promises_kept"], answered["promises_broken"]) == (1, 1)
    assert (answered["is_open"], answered["age_s"]) == (False, None)
    nothing = [
        name
        for name in waiting
        if name.endswith("_s") or name.startswith(("fcr_", "sla_", "promises_"))
    ]
    assert {waiting[name] for name in nothing if name != "age_s"} == {None}
    assert waiting["effort"] is waiting["reopened"] is None
    assert waiting["is_open"]
    assert waiting["age_s"] == pytest.approx(7200, abs=60)


def test_the_row_that_knows_most_stands_for_a_conversation(migrated: ClickHouse) -> None:
    conversation(migrated, "moved", [], events=7, _partition=1, _version=3, team_id="new")
    conversation(migrated, "moved", [], events=2, _partition=2, _version=900, team_id="old")
    rows = read(migrated, "SELECT team_id, events FROM earshot.conversations_current")
    assert rows == [{"team_id": "new", "events": 7}]


def test_open_targets(migrated: ClickHouse) -> None:
    late, soon = ago(migrated, hours=1), ago(migrated, hours=-1)
    conversation(
        migrated, "a", [("sla", late, 0), ("sla", soon, 0), ("sla", soon, 1)], state="agent"
    )
    conversation(migrated, "b", [("sla", soon, 0)], state="solved")
    rows = read(migrated, "SELECT * FROM earshot.sla_open ORDER BY due_at")
    assert [(row["conversation_id"], row["overdue"]) for row in rows] == [("a", True), ("a", False)]
    assert [row["left_s"] for row in rows] == [
        pytest.approx(-3600, abs=60), pytest.approx(3600, abs=60),
    ]  # fmt: skip


def test_revisions(migrated: ClickHouse) -> None:
    row = {
        "fact": "fcr.no_repeat.7d", "source": "desk", "conversation_id": "c", "was": 1, "became": 0,
        "fact_at": ago(migrated, days=9), "final_at": ago(migrated, days=2),
        "revised_at": ago(migrated, days=1),
    }  # fmt: skip
    insert(migrated, "revisions", row, row)
    (seen,) = read(migrated, "SELECT * FROM earshot.fact_revisions")
    assert seen == row


def test_silent_failures(migrated: ClickHouse) -> None:
    define(migrated, MEASURES, n_stat=4)
    observed, said = {1: 90, 0: 10}, {1: 12, 0: 8}
    day = now_s(migrated) // DAY * DAY - 9 * DAY
    insert_counts(migrated, measure("fcr.no_repeat.7d"), day, observed, channel="CHAT")
    insert_counts(migrated, measure("fcr.self"), day, said, channel="CHAT")
    insert_counts(migrated, measure("fcr.no_repeat.7d"), day - DAY, observed)
    rows = read(
        migrated,
        "SELECT * FROM earshot.silent_failures ORDER BY period_start DESC, grouped_by, channel",
    )
    share = measure("fcr.self").scores[0]
    gap = difference(share, observed, said, (0, 1), THRESHOLDS)
    (of_channel,) = [row for row in rows if row["channel"] == "CHAT"]
    assert gap.value == 30
    for row in (rows[0], of_channel):
        assert (row["observed_n"], row["said_n"], row["provisional"]) == (100, 20, False)
        one, other = (evaluate(share, side, (0, 1), THRESHOLDS) for side in (observed, said))
        assert row["observed_lower"] == pytest.approx(one.lower, rel=1e-9)
        assert row["said_upper"] == pytest.approx(other.upper, rel=1e-9)
        for column, number in {
            "difference": gap.value, "difference_lower": gap.lower, "difference_upper": gap.upper,
            "z": gap.z, "p": gap.p,
        }.items():  # fmt: skip
            assert row[column] == pytest.approx(number, rel=1e-9), column
    # Nobody was asked on the day before: no difference, and no 0 %.
    before = [row for row in rows if row["said_n"] == 0]
    assert before
    for row in before:
        assert row["said_value"] is row["difference"] is row["p"] is None
        assert row["status"] == "empty"


def answer(clickhouse: ClickHouse, name: str, value: float, **more: Any) -> None:
    insert(
        clickhouse,
        "answers",
        {
            "source": "survey", "response_id": name, "question_id": "q", "revision": 1,
            "metric": "CES", "scale_min": 1, "scale_max": 7, "higher_is_better": True,
            "value_number": value,
            "conversation_id": name, "touchpoint": "chat", "responded_at": ago(clickhouse, hours=1),
            **more,
        },
    )  # fmt: skip


def test_effort_goes_with_ces(migrated: ClickHouse) -> None:
    define(migrated, MEASURES, n_stat=4)
    then = ago(migrated, hours=1)
    pairs = [(0, 7), (10, 6), (35, 5), (60, 2), (90, 3)]
    for number, (effort, ces) in enumerate(pairs):
        conversation(migrated, f"c{number}", [("effort", then, effort)])
        answer(migrated, f"c{number}", ces)
    # Left out: another scale's own row, a scale where low is easy, a dismissed answer, an id of two
    # systems, no effort.
    answer(migrated, "c0", 5, response_id="other", scale_max=5)
    answer(migrated, "c0", 1, response_id="turned", higher_is_better=False)
    answer(migrated, "c1", 1, response_id="dismissed", dismissed=True)
    for source in ("desk", "phone"):
        conversation(migrated, "twice", [("effort", then, 100)], source=source)
    answer(migrated, "twice", 7)
    conversation(migrated, "open", [], state="agent")
    answer(migrated, "open", 7)
    rows = {
        (row["grouped_by"], row["touchpoint"], row["scale_max"]): row
        for row in read(migrated, "SELECT * FROM earshot.effort_and_ces")
    }
    wanted = correlation(
        len(pairs),
        sum_x=sum(x for x, _ in pairs), sum_y=sum(y for _, y in pairs),
        sum_xx=sum(x * x for x, _ in pairs), sum_yy=sum(y * y for _, y in pairs),
        sum_xy=sum(x * y for x, y in pairs),
    )  # fmt: skip
    for key in (("", "", 7), ("touchpoint", "chat", 7)):
        row = rows[key]
        assert (row["n"], row["method"], row["status"]) == (5, "fisher_z", "ok")
        assert [row["correlation"], row["lower"], row["upper"]] == [
            pytest.approx(number, rel=1e-9) for number in (wanted.r, wanted.lower, wanted.upper)
        ]
    alone = rows["", "", 5]
    assert (alone["n"], alone["correlation"], alone["lower"], alone["status"]) == (
        1,
        None,
        None,
        "thin",
    )
