"""Observed effort: what a customer had to do for a solution, sign by sign."""

from __future__ import annotations

import dataclasses

import pytest

from schemas.effort import EffortWeights
from schemas.measures import HistoryRules
from streams.histories.events import InteractionEvent
from tests.histories.conversations.telling import Told, at, minutes, tell

#: A customer who had it all, in one timeline.
ODYSSEY = (
    at("2026-02-20 09:00", "CREATED", conversation_id="k0"),  # ten days before
    at("09:00", "CREATED", channel="EMAIL"),
    at("09:01", "BOT_MESSAGE", channel="EMAIL"),
    at("09:02", "CUSTOMER_MESSAGE", channel="CHAT"),  # one switch
    at("09:05", "BOT_HANDOFF"),
    at("10:05", "AGENT_MESSAGE", agent_id="ann"),  # waited 1 + 60 minutes
    at("10:06", "TRANSFERRED"),  # one transfer
    at("10:10", "AGENT_MESSAGE", agent_id="bob"),
    at("10:11", "CUSTOMER_MESSAGE", channel="CHAT"),  # told it again
    at("11:31", "AGENT_MESSAGE", agent_id="bob"),  # waited 80 minutes
    at("11:40", "SOLVED"),
    at("12:00", "REOPENED", channel="PHONE"),  # another switch, and reopened
    at("12:39", "SOLVED"),  # waited 39 minutes, 180 in all
)


def effort(weights: EffortWeights, *events: InteractionEvent) -> int | None:
    return tell(*events, rules=HistoryRules(effort=weights)).value("effort")


@pytest.mark.parametrize(
    ("weights", "points"),
    [
        (EffortWeights(channel_switch=7), 14),
        (EffortWeights(transfer=7), 7),
        (EffortWeights(repeat_contact=7), 7),
        (EffortWeights(repeated_information=7), 7),
        (EffortWeights(waiting_hour=7), 21),
        (EffortWeights(reopen=7), 7),
        (EffortWeights(1, 2, 3, 4, 5, 6), 2 + 2 + 3 + 4 + 15 + 6),
        (EffortWeights(50, 50, 50, 50, 50, 50), 100),
        (EffortWeights(), 0),
    ],
)
def test_every_sign_weighs_what_the_definitions_say(weights: EffortWeights, points: int) -> None:
    assert effort(weights, *ODYSSEY) == points


def test_waiting_hours_are_rounded_down_once_at_the_end() -> None:
    events = (at("09:00", "CREATED"), at("09:50", "SOLVED"))

    assert effort(EffortWeights(waiting_hour=1), *events) == 0
    assert effort(EffortWeights(waiting_hour=3), *events) == 2  # 2.5


def test_what_comes_after_the_solution_was_no_effort_for_it() -> None:
    after = (
        at("12:40", "TRANSFERRED"),
        at("12:41", "CUSTOMER_MESSAGE", channel="EMAIL"),
        at("12:42", "NOTE", attributes=(("repeated_information", "true"),)),
    )
    weights = EffortWeights(1, 1, 1, 1, 1, 1)

    assert effort(weights, *ODYSSEY, *after) == effort(weights, *ODYSSEY)


def test_the_same_agent_may_ask_twice() -> None:
    weights = EffortWeights(repeated_information=1)
    question = ("AGENT_MESSAGE", "CUSTOMER_MESSAGE")

    def asked_by(*agents: str) -> int | None:
        talk = [
            at(f"09:{2 * turn:02}", kind, agent_id=agent if kind == "AGENT_MESSAGE" else "")
            for turn, agent in enumerate(agents)
            for kind in question
        ]
        # The reply sorts after the message of the same minute, so each message gets its own.
        talk = [
            event._replace(event_time=event.event_time + minutes(1))
            if event.type == "CUSTOMER_MESSAGE"
            else event
            for event in talk
        ]
        return effort(weights, at("08:59", "CREATED"), *talk, at("10:00", "SOLVED"))

    assert asked_by("ann") == 0
    assert asked_by("ann", "ann") == 0
    assert asked_by("ann", "bob") == 1
    assert asked_by("ann", "bob", "ann") == 2
    assert asked_by("ann", "", "bob") == 1  # nobody knows who the second was
    assert asked_by("ann", "", "ann") == 0


def test_another_agent_who_does_not_ask_costs_nothing() -> None:
    weights = EffortWeights(repeated_information=1)
    told = effort(
        weights,
        at("09:00", "CREATED"),
        at("09:10", "AGENT_MESSAGE", agent_id="ann"),
        at("09:20", "AGENT_MESSAGE", agent_id="bob"),
        at("09:30", "AGENT_MESSAGE", agent_id="ann"),
        at("09:40", "CUSTOMER_MESSAGE"),
        at("09:41", "CUSTOMER_MESSAGE"),
        at("09:50", "SOLVED"),
    )

    assert told == 1  # ann again, after bob


def test_an_event_may_say_that_something_was_told_again() -> None:
    said = (("language", "en"), ("repeated_information", "true"))
    denied = (("repeated_information", "false"),)

    assert (
        effort(
            EffortWeights(repeated_information=5),
            at("09:00", "CREATED"),
            at("09:10", "NOTE", attributes=said),
            at("09:20", "CUSTOMER_MESSAGE", attributes=said),
            at("09:30", "CUSTOMER_MESSAGE", attributes=denied),
            at("09:40", "SOLVED"),
        )
        == 10
    )


@pytest.mark.parametrize(
    ("begins", "contacts"),
    [
        ("2026-02-16 08:59", 0),
        ("2026-02-16 09:00", 1),  # fourteen days before to the second
        ("2026-03-02 08:59", 1),
        ("2026-03-02 09:00", 0),  # at the same time: neither repeats the other
        ("2026-03-02 09:01", 0),
    ],
)
def test_earlier_contacts_about_the_same_issue(begins: str, contacts: int) -> None:
    rules = HistoryRules(effort=EffortWeights(repeat_contact=1))
    told = Told()
    told.add(at("2026-03-02 09:00", "CREATED"), rules)
    told.add(at("2026-03-02 10:00", "SOLVED"), rules)
    told.add(at(begins, "CREATED", conversation_id="k0"), rules)

    assert told.value("effort") == contacts


@pytest.mark.parametrize("sign", [field.name for field in dataclasses.fields(EffortWeights)])
def test_more_weight_never_means_less_effort(sign: str) -> None:
    points = [effort(EffortWeights(**{sign: weight}), *ODYSSEY) or 0 for weight in range(60)]

    assert points == sorted(points)
    assert points[-1] > points[0] == 0
