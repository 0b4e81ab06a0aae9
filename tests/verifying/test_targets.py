"""Service-level targets and promises, each by hand."""

from __future__ import annotations

from typing import Any

from schemas.calendars import Calendar
from schemas.measures import HistoryRules, Measures
from schemas.policies import SlaPolicy
from streams.verifying.recount import facts_of_history
from tests.builders import NOW_MS
from tests.verifying.rows import HOUR, INTERACTIONS, MINUTE, conversation

Flags = list[tuple[str, str, int, int]]


def sla(rows: list[dict[str, Any]], **rules: Any) -> Flags:
    """Return policy, metric, due (ms after the start) and the flag of all targets."""
    measures = Measures(1, [], "", HistoryRules(**rules))
    return sorted(
        (
            fact.dimensions["sla_policy"],
            fact.dimensions["sla_metric"],
            fact.time_ms - NOW_MS,
            fact.value,
        )
        for fact in facts_of_history(INTERACTIONS, rows, measures)
        if fact.name == "sla"
    )


def applied(metric: str, due_ms: int | None, policy: str = "p") -> dict[str, Any]:
    due = None if due_ms is None else NOW_MS + due_ms
    return {"sla_policy_id": policy, "sla_metric": metric, "due_at": due}


def test_targets_that_the_source_applied() -> None:
    rows = conversation(
        (0, "CREATED"),
        (1, "SLA_APPLIED", applied("first_reply", 10)),
        (2, "SLA_APPLIED", applied("first_reply", 20)),  # the last one stands
        (2, "SLA_APPLIED", applied("resolution", 30)),
        (3, "SLA_APPLIED", applied("first_reply", None)),
        (3, "SLA_APPLIED", applied("typing_speed", 30)),
        (20, "AGENT_MESSAGE"),
        (21, "SLA_APPLIED", applied("next_reply", 25)),
        (22, "SLA_APPLIED", applied("next_reply", 29)),
        (26, "AGENT_MESSAGE"),
        (31, "SOLVED"),
    )
    assert sla(rows) == [
        ("p", "first_reply", 20, 1),
        ("p", "next_reply", 25, 0),
        ("p", "next_reply", 29, 1),
        ("p", "resolution", 30, 0),
    ]


def test_a_target_not_met_yet_stands_as_missed_when_it_is_due() -> None:
    assert sla(conversation((0, "CREATED"), (1, "SLA_APPLIED", applied("resolution", HOUR)))) == [
        ("p", "resolution", HOUR, 0)
    ]


def test_targets_of_our_own_policies() -> None:
    policy = SlaPolicy(
        "gold",
        {"first_reply": 10, "next_reply": 20, "resolution": 99},
        "",
        {"channel": frozenset({"EMAIL"}), "priority": frozenset({"high", "top"})},
    )
    events: list[tuple[Any, ...]] = [
        (0, "CREATED", {"channel": "UNKNOWN"}),
        (1, "NOTE", {"channel": "EMAIL", "priority": "top"}),
        (2, "NOTE", {"channel": "PHONE", "priority": "low"}),
        (11, "AGENT_MESSAGE"),
        (12, "CUSTOMER_MESSAGE"),
        (32, "AGENT_MESSAGE"),
        (40, "CUSTOMER_MESSAGE"),
        (70, "SOLVED"),
        (80, "REOPENED"),
    ]
    assert sla(conversation(*events), policies=(policy,)) == [
        ("gold", "first_reply", 10, 0),
        ("gold", "next_reply", 32, 1),
        ("gold", "next_reply", 60, 0),  # the solution fulfilled it, too late
        ("gold", "next_reply", 100, 0),  # its clock still runs
        ("gold", "resolution", 99, 1),
    ]
    events[1] = (1, "NOTE", {"channel": "PHONE", "priority": "top"})
    assert sla(conversation(*events), policies=(policy,)) == []


def test_a_policy_in_business_time() -> None:
    # 2025-10-09 is a Thursday; it starts at 08:53:20 UTC, seven minutes before they open.
    office = Calendar("office", "UTC", (((9 * 60, 10 * 60),),) * 5 + ((), ()))
    policy = SlaPolicy("office", {"resolution": 90 * MINUTE}, "office")
    rows = conversation((0, "CREATED"), (24 * HOUR, "SOLVED"))
    before_nine = 6 * MINUTE + 40_000
    due = before_nine + 24 * HOUR + 30 * MINUTE
    found = sla(rows, policies=(policy,), calendars={"office": office})
    assert found == [("office", "resolution", due, 1)]


def promises(*events: tuple[Any, ...]) -> list[tuple[int, int]]:
    rows = conversation((0, "CREATED"), *events)
    facts = facts_of_history(INTERACTIONS, rows, Measures(1, [], ""))
    return sorted((one.time_ms - NOW_MS, one.value) for one in facts if one.name == "promise")


def made(at: int, due: int | None) -> tuple[Any, ...]:
    return at, "PROMISE_MADE", {"due_at": None if due is None else NOW_MS + due}


def test_promises_are_kept_in_order() -> None:
    assert promises(made(1, 10), (10, "PROMISE_KEPT")) == [(10, 1)]
    assert promises(made(1, 10), (11, "PROMISE_KEPT")) == [(10, 0)]
    assert promises((1, "PROMISE_KEPT"), made(2, 10)) == [(10, 0)]
    # Both promises are open: the first one kept is the first one made, and it is late.
    two = [made(1, 5), made(2, 30), (6, "PROMISE_KEPT")]
    assert promises(*two) == [(5, 0), (30, 0)]
    assert promises(*two, (7, "PROMISE_KEPT")) == [(5, 0), (30, 1)]
    # Without a due time it is none, and keeps no other from being kept.
    assert promises(made(1, None), made(2, 30), (6, "PROMISE_KEPT")) == [(30, 1)]
