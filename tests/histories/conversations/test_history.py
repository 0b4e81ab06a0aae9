"""Events of a customer as they arrive: late, out of order, under new definitions."""

from __future__ import annotations

from dataclasses import replace

import pytest

from schemas.effort import EffortWeights
from schemas.measures import HistoryRules
from schemas.policies import SlaPolicy
from tests.histories.conversations.telling import NO_RULES, Told, at, hours, minutes, tell


def test_an_event_that_changes_nothing_changes_no_fact() -> None:
    told = tell(at("09:00", "CREATED"), at("09:10", "AGENT_MESSAGE"))

    change, concerned = told.history.add(at("09:20", "NOTE"), NO_RULES)

    assert change == ([], [])
    assert concerned == (("desk", "k1"),)


def test_only_what_changes_is_taken_back() -> None:
    told = tell(at("09:00", "CREATED"), at("09:10", "AGENT_MESSAGE"), at("10:00", "SOLVED"))

    change, _ = told.history.add(at("11:00", "REOPENED"), NO_RULES)

    assert {fact.name for fact in change.removed} == {
        "full_resolution.calendar", "requester_wait.calendar", "agent_wait.calendar",
        "hold_time.calendar", "bot_time.calendar", "transfers", "replies", "effort",
        "reopened", "fcr.no_further", "fcr.one_reply", "fcr.no_repeat.7d", "fcr.no_repeat.14d",
    }  # fmt: skip
    assert {(fact.name, fact.value) for fact in change.added} == {
        ("reopened", 1), ("fcr.no_further", 0), ("fcr.one_reply", 0),
        ("fcr.no_repeat.7d", 0), ("fcr.no_repeat.14d", 0),
    }  # fmt: skip


def test_the_beginning_arrives_last() -> None:
    told = tell(at("09:30", "AGENT_MESSAGE"), at("10:00", "SOLVED"))
    assert told.plain("first_reply.created") == 0
    assert told.plain("full_resolution") == minutes(30)

    told.add(at("09:00", "CREATED", channel="EMAIL"))

    assert told.plain("first_reply.created") == minutes(30)
    assert told.plain("full_resolution") == hours(1)
    assert told.facts("replies")[0].dimensions == (("channel", "EMAIL"),)


def test_a_reopening_arrives_after_what_followed_it() -> None:
    told = tell(
        at("09:00", "CREATED"),
        at("10:00", "SOLVED"),
        at("12:00", "AGENT_MESSAGE"),
        at("13:00", "SOLVED"),
    )
    assert told.plain("full_resolution") == hours(1)
    assert told.value("replies") == 0  # said to somebody whose case was closed

    told.add(at("11:00", "REOPENED"))

    assert told.plain("full_resolution") == hours(4)
    assert told.plain("first_reply.created") == hours(3)
    assert told.values("next_reply.calendar") == []
    assert told.plain("requester_wait") == hours(3)


def test_a_late_earlier_contact_raises_the_effort_of_later_ones() -> None:
    rules = HistoryRules(effort=EffortWeights(repeat_contact=10))
    told = Told()
    for day in ("02", "05", "20"):
        told.add(at(f"2026-03-{day} 09:00", "CREATED", conversation_id=f"k{day}"), rules)
        told.add(at(f"2026-03-{day} 10:00", "SOLVED", conversation_id=f"k{day}"), rules)
    assert [told.value("effort", f"k{day}") for day in ("02", "05", "20")] == [0, 10, 0]

    concerned = told.add(at("2026-03-01 09:00", "CREATED", conversation_id="k01"), rules)

    assert [told.value("effort", f"k{day}") for day in ("02", "05", "20")] == [10, 20, 0]
    assert concerned == [("desk", "k01"), ("desk", "k02"), ("desk", "k05")]


def test_new_definitions_judge_everything_again() -> None:
    told = tell(
        at("09:00", "CREATED"),
        at("10:00", "SOLVED"),
        at("09:00", "CREATED", conversation_id="k2"),
        at("09:30", "SOLVED", conversation_id="k2"),
    )
    assert told.value("effort") == 0

    policy = SlaPolicy("p", {"resolution": minutes(45)})
    stricter = HistoryRules(effort=EffortWeights(waiting_hour=4), policies=(policy,))
    concerned = told.add(at("09:01", "NOTE"), stricter)

    assert (told.value("effort"), told.value("effort", "k2")) == (4, 2)
    assert (told.value("sla"), told.value("sla", "k2")) == (0, 1)
    assert concerned == [("desk", "k1"), ("desk", "k2")]

    # The same definitions read a second time change nothing.
    change, _ = told.history.add(at("09:02", "NOTE"), replace(stricter))
    assert (change.removed, change.added) == ([], [])

    told.add(at("09:03", "NOTE", conversation_id="k2"), NO_RULES)
    assert told.facts("sla") == []


def test_nobody_knows_a_conversation_nobody_told_of() -> None:
    told = tell(at("09:00", "CREATED"))

    with pytest.raises(KeyError):
        told.history.conversation("desk", "k2")
    with pytest.raises(KeyError):
        told.history.facts_of("phone", "k1")


def test_what_a_conversation_counts() -> None:
    conversation = tell(
        at("09:00", "CREATED"),
        at("09:01", "CUSTOMER_MESSAGE"),
        at("09:02", "BOT_MESSAGE"),
        at("09:03", "TRANSFERRED"),
        at("09:04", "AGENT_MESSAGE"),
        at("09:05", "SOLVED"),
        at("09:06", "CUSTOMER_MESSAGE"),
        at("09:07", "REOPENED"),
        at("09:08", "AGENT_MESSAGE"),
    ).history.conversation("desk", "k1")

    assert conversation.customer_messages == 2
    assert conversation.transfers == 1
    assert conversation.replies == 2
    assert conversation.reopens == 1
    assert conversation.end_ms - conversation.start_ms == minutes(8)
