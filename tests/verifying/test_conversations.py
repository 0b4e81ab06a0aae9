"""Conversations, each counted by hand."""

from __future__ import annotations

from typing import Any

from schemas.calendars import Calendar
from schemas.effort import EffortWeights
from schemas.measures import HistoryRules, Measures
from streams.verifying.recount import facts_of_history
from tests.builders import NOW_MS
from tests.verifying.rows import DAY, HOUR, INTERACTIONS, MINUTE, conversation

DAYS = (((0, 1440),),) * 7


def facts(rows: list[dict[str, Any]], **rules: Any) -> dict[str, list[tuple[int, int]]]:
    """Return (ms after the start, value) of all facts by name."""
    found: dict[str, list[tuple[int, int]]] = {}
    for fact in facts_of_history(INTERACTIONS, rows, Measures(1, [], "", HistoryRules(**rules))):
        found.setdefault(fact.name, []).append((fact.time_ms - NOW_MS, fact.value))
    return {name: sorted(values) for name, values in found.items()}


BOT = conversation(
    (0, "CREATED"),
    (1 * MINUTE, "BOT_MESSAGE"),
    (6 * MINUTE, "BOT_HANDOFF", {"actor": "BOT"}),
    (16 * MINUTE, "ASSIGNED", {"agent_id": "a1", "team_id": "t1"}),
    (20 * MINUTE, "AGENT_MESSAGE", {"actor": "HUMAN", "agent_id": "a1"}),
    (30 * MINUTE, "SOLVED"),
)


def test_a_bot_hands_off() -> None:
    found = facts(BOT)
    assert found["first_reply.any.calendar"] == [(1 * MINUTE, 1 * MINUTE)]
    assert found["first_reply.created.calendar"] == [(20 * MINUTE, 20 * MINUTE)]
    assert found["first_reply.human.calendar"] == [(20 * MINUTE, 15 * MINUTE)]
    assert found["first_reply.handoff.calendar"] == [(20 * MINUTE, 14 * MINUTE)]
    assert found["first_reply.assigned.calendar"] == [(20 * MINUTE, 4 * MINUTE)]
    assert found["bot_time.calendar"] == [(30 * MINUTE, 5 * MINUTE)]
    assert found["requester_wait.calendar"] == [(30 * MINUTE, 25 * MINUTE)]
    assert found["fcr.one_reply"] == [(30 * MINUTE, 1)]
    assert not [name for name in found if name.endswith(".business")]


def test_a_system_never_replies_and_a_note_is_not_seen() -> None:
    found = facts(
        conversation(
            (0, "CREATED"),
            (1, "AGENT_MESSAGE", {"actor": "SYSTEM"}),
            (2, "AGENT_MESSAGE", {"actor": "HUMAN", "public": False}),
            (3, "CALL_ENDED", {"talk_ms": 0}),
            (4, "CALL_ENDED", {"talk_ms": 70, "hold_ms": 5, "after_work_ms": None}),
        )
    )
    assert found["first_reply.created.calendar"] == [(4, 4)]
    assert found["handle.total"] == [(3, 0), (4, 75)]
    assert found["handle.hold"] == [(4, 5)]
    assert "handle.after_work" not in found


def test_an_eternal_goodbye_starts_no_clock() -> None:
    goodbye = conversation(
        (0, "CREATED"),
        (5, "AGENT_MESSAGE"),
        (10, "SOLVED"),
        (20, "CUSTOMER_MESSAGE"),
        (30, "AGENT_MESSAGE"),
        (40, "CLOSED"),
    )
    found = facts(goodbye)
    assert "next_reply.calendar" not in found
    assert found["full_resolution.calendar"] == [(10, 10)]
    assert found["replies"] == [(10, 1)]
    assert found["fcr.no_further"] == [(10, 1)]
    assert found["reopened"] == [(10, 0)]


def test_reopened_after_a_week() -> None:
    week = 7 * DAY
    found = facts(
        conversation(
            (0, "CREATED"),
            (HOUR, "AGENT_MESSAGE"),
            (2 * HOUR, "SOLVED"),
            (2 * HOUR + week + 1, "REOPENED"),
            (3 * HOUR + week + 1, "AGENT_MESSAGE"),
            (4 * HOUR + week + 1, "SOLVED"),
        )
    )
    solved = 2 * HOUR
    assert found["reopened"] == [(solved, 1)]
    assert found["fcr.no_repeat.7d"] == [(solved, 1)]  # a millisecond too late
    assert found["fcr.no_repeat.14d"] == [(solved, 0)]
    assert found["fcr.no_further"] == found["fcr.one_reply"] == [(solved, 0)]
    assert found["next_reply.calendar"] == [(3 * HOUR + week + 1, HOUR)]
    assert found["first_resolution.calendar"] == [(solved, solved)]
    last = 4 * HOUR + week + 1
    assert found["full_resolution.calendar"] == [(last, last)]
    # Waiting an hour twice, and the agent's turn an hour twice; not the week between.
    assert found["requester_wait.calendar"] == [(last, 4 * HOUR)]


def test_an_open_conversation_has_no_totals() -> None:
    found = facts(conversation((0, "CREATED"), (5, "SOLVED"), (9, "REOPENED")))
    assert found["first_resolution.calendar"] == [(5, 5)]
    assert not {"full_resolution.calendar", "effort", "replies", "transfers"} & found.keys()


def test_next_replies_and_a_solution_that_drops_a_clock() -> None:
    found = facts(
        conversation(
            (0, "CREATED"),
            (10, "CUSTOMER_MESSAGE"),  # still the first reply they wait for
            (20, "AGENT_MESSAGE"),
            (30, "CUSTOMER_MESSAGE"),
            (40, "CUSTOMER_MESSAGE"),
            (70, "AGENT_MESSAGE"),
            (80, "CUSTOMER_MESSAGE"),
            (90, "SOLVED"),
            (95, "REOPENED"),
            (99, "AGENT_MESSAGE"),
        )
    )
    assert found["next_reply.calendar"] == [(70, 40), (99, 4)]


def test_pending_and_on_hold_are_told_apart() -> None:
    found = facts(
        conversation(
            (0, "CREATED"),
            (10, "PENDING"),
            (30, "ON_HOLD"),
            (60, "TRANSFERRED"),
            (100, "CLOSED"),
        )
    )
    assert found["agent_wait.calendar"] == [(100, 20)]
    assert found["hold_time.calendar"] == [(100, 70)]
    assert found["requester_wait.calendar"] == [(100, 80)]
    assert found["transfers"] == [(100, 1)]
    assert found["fcr.one_reply"] == [(100, 0)]
    assert found["fcr.no_further"] == [(100, 1)]


def repeats(gap_ms: int, **second: Any) -> dict[str, list[tuple[int, int]]]:
    one = conversation((0, "CREATED"), (HOUR, "SOLVED"), contact_reason="bill")
    fields = {"contact_reason": "bill"} | second
    two = conversation(
        (HOUR + gap_ms, "CREATED"), (HOUR + gap_ms + 1, "SOLVED"), conversation_id="k2", **fields
    )
    return facts(one + two, effort=EffortWeights(repeat_contact=10))


def test_a_repeat_contact_at_the_edges_of_the_horizon() -> None:
    assert repeats(0)["fcr.no_repeat.7d"][0] == (HOUR, 1)
    assert repeats(1)["fcr.no_repeat.7d"][0] == (HOUR, 0)
    assert repeats(7 * DAY)["fcr.no_repeat.7d"][0] == (HOUR, 0)
    assert repeats(7 * DAY + 1)["fcr.no_repeat.7d"][0] == (HOUR, 1)
    assert repeats(7 * DAY + 1)["fcr.no_repeat.14d"][0] == (HOUR, 0)
    # 14 days before the start counts, one millisecond more does not.
    assert repeats(14 * DAY - HOUR)["effort"][1][1] == 10
    assert repeats(14 * DAY - HOUR + 1)["effort"][1][1] == 0


def test_another_reason_or_issue_is_no_repeat_contact() -> None:
    assert repeats(1, contact_reason="parcel")["fcr.no_repeat.7d"][0] == (HOUR, 1)
    assert repeats(1, issue_id="i1")["fcr.no_repeat.7d"][0] == (HOUR, 1)


def test_effort_adds_up_by_hand() -> None:
    weights = EffortWeights(
        channel_switch=1, transfer=2, repeat_contact=0, repeated_information=10, waiting_hour=3,
        reopen=20,
    )  # fmt: skip
    rows = conversation(
        (0, "CREATED", {"channel": "EMAIL"}),
        (HOUR, "AGENT_MESSAGE", {"agent_id": "a1"}),
        (2 * HOUR, "CUSTOMER_MESSAGE", {"channel": "PHONE"}),  # a switch
        (2 * HOUR + 1, "TRANSFERRED"),
        (
            3 * HOUR,
            "AGENT_MESSAGE",
            {"agent_id": "a2"},
        ),  # another agent, and the customer tells again
        (4 * HOUR, "CUSTOMER_MESSAGE", {"channel": "UNKNOWN"}),
        (4 * HOUR + HOUR // 2, "AGENT_MESSAGE", {"agent_id": "a2"}),
        (5 * HOUR, "SOLVED"),
        (6 * HOUR, "REOPENED", {"channel": "EMAIL"}),  # a switch, a reopening
        (7 * HOUR - 1, "NOTE", {"attributes": [{"name": "repeated_information", "value": "true"}]}),
        (7 * HOUR, "SOLVED"),
    )
    # Waiting: 0-1 h, 2-3 h, 4-4.5 h, 6-7 h: 3.5 h, three points each, and what is left over.
    assert facts(rows, effort=weights)["effort"] == [(7 * HOUR, 2 * 1 + 2 + 2 * 10 + 20 + 10)]
    many = EffortWeights(reopen=101)
    assert facts(rows, effort=many)["effort"] == [(7 * HOUR, 100)]


def test_dimensions_as_of_an_event() -> None:
    rows = conversation(
        (0, "CREATED", {"channel": "EMAIL", "team_id": "bots", "actor": "BOT", "region": "eu"}),
        (1, "AGENT_MESSAGE", {"team_id": "t1", "agent_id": "a1", "actor": "HUMAN"}),
        (2, "SOLVED", {"channel": "UNKNOWN", "team_id": "nobody", "actor": "SYSTEM"}),
    )
    measures = Measures(1, [], "")
    by_name = {fact.name: fact for fact in facts_of_history(INTERACTIONS, rows, measures)}
    expected = {"channel": "EMAIL", "region": "eu", "team_id": "t1", "agent_id": "a1"}
    assert by_name["reopened"].dimensions == expected


def test_the_last_calendar_named_counts_else_the_default() -> None:
    always, never = Calendar("always", "UTC", DAYS), Calendar("never", "UTC", ((),) * 7)
    rules: dict[str, Any] = {
        "calendars": {"always": always, "never": never},
        "default_calendar": "never",
    }
    name = "first_resolution.business"
    for calendar, expected in (("always", 5), ("unknown", 0), (None, 0)):
        rows = conversation((0, "CREATED", {"calendar_id": calendar}), (5, "SOLVED"))
        assert facts(rows, **rules)[name] == [(5, expected)]


def test_a_customer_who_writes_while_it_is_pending_waits_again() -> None:
    rows = conversation((0, "CREATED"), (10, "PENDING"), (30, "CUSTOMER_MESSAGE"), (60, "SOLVED"))
    found = facts(rows)
    assert found["agent_wait.calendar"] == [(60, 20)]
    assert found["requester_wait.calendar"] == [(60, 40)]


def test_a_bot_never_takes_over_from_a_person() -> None:
    rows = conversation(
        (0, "CREATED"), (10, "ASSIGNED"), (30, "AGENT_MESSAGE", {"actor": "BOT"}), (60, "SOLVED")
    )
    found = facts(rows)
    assert found["bot_time.calendar"] == [(60, 0)]
    assert found["first_reply.any.calendar"] == [(30, 30)]


def test_what_happens_at_once_has_an_order() -> None:
    rows = conversation((0, "SOLVED"), (0, "AGENT_MESSAGE"), (0, "CREATED"), (0, "REOPENED"))
    found = facts(rows)
    assert found["fcr.one_reply"] == [(0, 1)]
    assert found["reopened"] == [(0, 0)]  # it came before the solution, and changed nothing


def test_an_unnamed_reply_hides_no_change_of_agent() -> None:
    rows = conversation(
        (0, "CREATED"),
        (1, "AGENT_MESSAGE", {"agent_id": "a1"}),
        (2, "AGENT_MESSAGE", {"agent_id": None}),
        (3, "CUSTOMER_MESSAGE"),  # after a reply of nobody
        (4, "AGENT_MESSAGE", {"agent_id": "a2"}),
        (5, "CUSTOMER_MESSAGE"),
        (6, "SOLVED"),
    )
    assert facts(rows, effort=EffortWeights(repeated_information=7))["effort"] == [(6, 7)]
