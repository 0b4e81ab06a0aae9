"""The simulated conversations hold what the facts are about: every kind of it, both ways."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from itertools import pairwise
from statistics import mean
from typing import Any

import pytest

from schemas.definitions import load_measures
from schemas.facts import FACTS
from streams.histories.events import interaction_event, invitation_event
from streams.histories.interactions import ConversationHistory
from streams.histories.invitations import InvitationHistory
from streams.histories.journeys import JourneyHistory
from streams.simulation import Faults, SimulationConfig, simulate
from tests.builders import record_for

_START_MS = 1_760_000_000_000
_DAY_MS = 86_400_000
_FAULTLESS = Faults(duplicates=0, corrections=0, late=0, out_of_order=0, bad=0)
_INTERACTIONS, _INVITATIONS = "feedback.interactions", "feedback.invitations"

Record = dict[str, Any]


def records(config: SimulationConfig) -> list[tuple[str, Record]]:
    return [(event.topic, event.record) for event in simulate(config) if event.record is not None]


@pytest.fixture(scope="module")
def hour() -> list[tuple[str, Record]]:
    """An hour, in which customers live through days."""
    return records(SimulationConfig(start_ms=_START_MS, duration_s=3600, rate=6, faults=_FAULTLESS))


@pytest.fixture(scope="module")
def quarter() -> list[tuple[str, Record]]:
    """A quarter of customers who come about once a month."""
    days = 90
    return records(
        SimulationConfig(
            start_ms=_START_MS, duration_s=days * 86_400, rate=20_000 / (days * 86_400),
            customers=1000, faults=_FAULTLESS, incident=None,
        )
    )  # fmt: skip


def conversations(of: Iterable[tuple[str, Record]]) -> list[list[Record]]:
    """Return the events of each conversation that began in the simulation, in order."""
    found: dict[str, list[Record]] = defaultdict(list)
    for topic, record in of:
        if topic == _INTERACTIONS:
            found[record["conversation_id"]].append(record)
    ordered = [sorted(events, key=lambda event: event["event_time"]) for events in found.values()]
    return [events for events in ordered if events[0]["type"] == "CREATED"]


def types(events: list[Record]) -> list[str]:
    return [event["type"] for event in events]


def test_every_fact_of_the_catalogue_occurs_and_every_flag_both_ways(
    hour: list[tuple[str, Record]],
) -> None:
    rules = load_measures().rules
    histories: dict[tuple[str, str], Any] = {}
    for topic, record in hour:
        whole = record_for(topic, **record)
        customer = record.get("customer_id") or record["anonymous_id"]
        if topic == _INTERACTIONS:
            event = interaction_event(whole)
            histories.setdefault((customer, "talk"), ConversationHistory()).add(event, rules)
            histories.setdefault((customer, "journey"), JourneyHistory()).add(event, rules)
        elif topic == _INVITATIONS:
            invited = histories.setdefault((customer, "invited"), InvitationHistory())
            invited.add(invitation_event(whole), rules)
    values: dict[str, set[int]] = defaultdict(set)
    for history in histories.values():
        for fact in history.facts():
            values[fact.name].add(fact.value)
    assert sorted(FACTS.keys() - values.keys()) == []
    for name, kind in FACTS.items():
        if kind.scale == (0, 1):
            assert values[name] == {0, 1}, name
    assert values["participation"] == {1, 2, 3, 4, 5, 6}
    assert len(values["effort"]) > 10
    assert len(values["transfers"]) > 1


def test_people_are_assigned_before_they_answer(hour: list[tuple[str, Record]]) -> None:
    first = []
    for events in conversations(hour):
        replies = [event["event_time"] for event in events
                   if event["type"] == "AGENT_MESSAGE" and event["actor"] == "HUMAN"]  # fmt: skip
        assigned = [event["event_time"] for event in events if event["type"] == "ASSIGNED"]
        if replies and assigned:
            first.append(assigned[0] <= replies[0])
    assert sum(first) > 0.8 * len(first) > 50
    assert not all(first)


def test_calls_have_their_times_and_some_customers_hang_up(hour: list[tuple[str, Record]]) -> None:
    calls = [event for events in conversations(hour) for event in events
             if event["type"] == "CALL_ENDED"]  # fmt: skip
    answered = [event for event in calls if event["talk_ms"]]
    assert len(answered) > 30
    assert {event["channel"] for event in calls} == {"PHONE"}
    assert all(event["after_work_ms"] > 0 and event["hold_ms"] >= 0 for event in answered)
    assert any(event["hold_ms"] for event in answered)
    assert any(event["talk_ms"] == 0 and event["actor"] == "CUSTOMER" for event in calls)


def test_promises_are_kept_or_kept_late_or_forgotten(hour: list[tuple[str, Record]]) -> None:
    seen = set()
    for events in conversations(hour):
        made = [event for event in events if event["type"] == "PROMISE_MADE"]
        kept = [event for event in events if event["type"] == "PROMISE_KEPT"]
        assert all(event["due_at"] > event["event_time"] for event in made)
        assert len(kept) <= len(made)
        if made and not kept:
            seen.add("never")
        elif made:
            seen.add("late" if kept[0]["event_time"] > made[0]["due_at"] else "in time")
    assert seen == {"never", "late", "in time"}


def test_after_the_end_some_say_goodbye_and_some_reopen_days_later(
    quarter: list[tuple[str, Record]],
) -> None:
    goodbyes, days = 0, []
    for events in conversations(quarter):
        ended_ms = None
        for event in events:
            if event["type"] in ("SOLVED", "CLOSED"):
                ended_ms = event["event_time"]
            elif event["type"] == "REOPENED":
                assert ended_ms is not None
                days.append((event["event_time"] - ended_ms) / _DAY_MS)
                ended_ms = None
            elif event["type"] == "CUSTOMER_MESSAGE" and ended_ms is not None:
                goodbyes += 1
    assert goodbyes > 20
    assert min(days) < 0.5
    assert 0.9 < max(days) < 7


def test_the_same_issue_comes_back_within_days_mostly_by_another_channel(
    quarter: list[tuple[str, Record]],
) -> None:
    by_issue: dict[str, list[Record]] = defaultdict(list)
    for events in conversations(quarter):
        if issue := events[0]["issue_id"]:
            by_issue[issue].append(events[0])
    again = [pair for begun in by_issue.values() for pair in pairwise(begun)]
    assert 0.05 < len(again) / len(by_issue) < 0.25
    for before, after in again:
        assert before["contact_reason"] == after["contact_reason"]
        assert 2.9 < (after["event_time"] - before["event_time"]) / _DAY_MS < 22
    other = [before["channel"] != after["channel"] for before, after in again]
    assert 0.5 < mean(other) < 1


def test_effort_and_success_show_in_the_answers(quarter: list[tuple[str, Record]]) -> None:
    hard: dict[str, bool] = {}
    for events in conversations(quarter):
        kinds = types(events)
        hard[events[0]["conversation_id"]] = "TRANSFERRED" in kinds or "REOPENED" in kinds
    felt: dict[bool, list[float]] = {True: [], False: []}
    solved: dict[float, int] = defaultdict(int)
    for _, record in quarter:
        if record.get("metric") == "CES" and record["conversation_id"] in hard:
            felt[hard[record["conversation_id"]]].append(record["value_number"])
        if record.get("metric") == "FCR_SELF":
            solved[record["value_number"]] += 1
    assert mean(felt[True]) < mean(felt[False]) - 0.4
    assert solved[1.0] > solved[0.0] > 0


def test_a_customer_keeps_a_tier_on_all_records_and_visitors_have_none(
    hour: list[tuple[str, Record]],
) -> None:
    tiers: dict[str, set[str]] = defaultdict(set)
    for topic, record in hour:
        named = {one["name"]: one["value"] for one in record["attributes"]}
        assert ("tier" in named) == ("customer_id" in record), topic
        if "tier" in named:
            tiers[record["customer_id"]].add(named["tier"])
    assert set().union(*tiers.values()) == {"gold", "silver", "standard"}
    assert {len(of_one) for of_one in tiers.values()} == {1}
