"""The facts of a customer's interactions: of each conversation, and of each visit of a journey."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import cast

from schemas.measures import HistoryRules, Measures
from streams.explaining.told import Told
from streams.fold.customers import HISTORY_KINDS, Customer, Stored
from streams.histories.dimensions import own_dimensions
from streams.histories.events import InteractionEvent
from streams.histories.fact import Fact
from streams.histories.journeys import JourneyHistory

__all__ = ["conversation_facts", "visit_facts"]

_KIND = HISTORY_KINDS["feedback.interactions"]


def conversation_facts(history: Sequence[Stored], measures: Measures, fact: str) -> Iterator[Told]:
    """Yield the facts of one name of every conversation of a customer."""
    customer = Customer.restored(_KIND, history, lambda _version: measures)
    stories: dict[tuple[str, str], list[Stored]] = {}
    for stored in history:
        event = cast(InteractionEvent, stored.event)
        stories.setdefault((event.source, event.conversation_id), []).append(stored)
    for (source, conversation_id), story in stories.items():
        names = (("source", source), ("conversation_id", conversation_id))
        offset = story[-1].offset
        for found in customer.conversations.facts_of(source, conversation_id):
            if found.name == fact:
                yield Told(found, (*names, *_target(found)), offset, story=tuple(story))


def _target(fact: Fact) -> tuple[tuple[str, str], ...]:
    """Return which target a fact is about: a conversation may have several."""
    dimensions = dict(fact.dimensions)
    names = ("sla_policy", "sla_metric") if fact.name == "sla" else ()
    return tuple((name, dimensions.get(name, "")) for name in names)


def visit_facts(history: Sequence[Stored], measures: Measures, fact: str) -> Iterator[Told]:
    """Yield the facts of one name of a customer's journeys, each with the record a visit began with."""
    journeys = JourneyHistory()
    for stored in history:
        journeys.add(cast(InteractionEvent, stored.event), measures.rules)
    events = sorted(history, key=_order)
    used: set[int] = set()
    for found in journeys.facts():
        if found.name == fact:
            began = _began(found, events, measures.rules, used)
            event = cast(InteractionEvent, began.event)
            names = (
                ("source", event.source), ("event_id", event.event_id),
                ("conversation_id", event.conversation_id),
                ("journey", event.journey), ("journey_stage", event.journey_stage),
            )  # fmt: skip
            yield Told(found, names, began.offset)


def _began(fact: Fact, events: Sequence[Stored], rules: HistoryRules, used: set[int]) -> Stored:
    """Return the record that began the visit of a fact; every visit has another one."""
    for stored in events:
        event = cast(InteractionEvent, stored.event)
        if (
            stored.offset not in used
            and event.event_time == _entered(fact, event, rules)
            and own_dimensions(event) == fact.dimensions
        ):
            used.add(stored.offset)
            return stored
    raise AssertionError(fact.name)  # the fact was derived from one of them


def _entered(fact: Fact, event: InteractionEvent, rules: HistoryRules) -> int | None:
    """Return when a visit was entered if it is the one of this event."""
    if fact.name == "journey.stage_time":
        return fact.time_ms - fact.value
    if fact.name == "journey.in_time":
        journey = rules.journeys.get(event.journey)
        expected = journey.expected_ms.get(event.journey_stage) if journey else None
        return None if expected is None else fact.time_ms - expected
    return fact.time_ms


def _order(stored: Stored) -> tuple[int, str, str]:
    event = cast(InteractionEvent, stored.event)
    return event.event_time, event.source, event.event_id
