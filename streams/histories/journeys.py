"""Journeys: the stages a customer went through, as facts.

A *visit* is a run of records in one stage; a *path* is a run of visits without a long silence. The
facts of a visit depend on its own records, the record before it and the record after it, so a record
that joins changes only the visits around it.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Sequence

from schemas.journey_maps import JourneyMap
from schemas.measures import HistoryRules
from streams.histories.difference import difference
from streams.histories.dimensions import own_dimensions
from streams.histories.events import InteractionEvent
from streams.histories.fact import Change, Fact

__all__ = ["JourneyHistory"]


class JourneyHistory:
    """One customer's records on all journeys."""

    def __init__(self) -> None:
        self._events: dict[str, list[InteractionEvent]] = {}
        self._rules: HistoryRules | None = None

    def add(self, event: InteractionEvent, rules: HistoryRules) -> Change:
        """Add a record; return the facts that change.

        The whole history follows these rules from now on. A journey they do not declare has no facts,
        but its records are kept: later rules may declare it.
        """
        if rules is not self._rules:
            before = self.facts()
            self._rules = rules
            self._keep(event)
            return difference(before, self.facts())
        journey_map = rules.journeys.get(event.journey)
        if journey_map is None or not event.journey_stage:
            self._keep(event)
            return Change([], [])
        events = self._events.setdefault(event.journey, [])
        at = bisect_right(events, _order(event), key=_order)
        low, high = _around(events, at, journey_map)
        before = _facts_between(events, low, high, journey_map)
        self._keep(event)
        return difference(before, _facts_between(events, low, high + 1, journey_map))

    def facts(self) -> list[Fact]:
        """Return the facts as they are now."""
        if self._rules is None:
            return []
        return [
            fact
            for journey, events in self._events.items()
            if (journey_map := self._rules.journeys.get(journey))
            for fact in _facts_between(events, 0, len(events), journey_map)
        ]

    def _keep(self, event: InteractionEvent) -> None:
        if event.journey and event.journey_stage:
            insort(self._events.setdefault(event.journey, []), event, key=_order)


def _order(event: InteractionEvent) -> tuple[int, str, str]:
    return event.event_time, event.source, event.event_id


def _around(
    events: Sequence[InteractionEvent], at: int, journey_map: JourneyMap
) -> tuple[int, int]:
    """Return where the visits begin and end whose facts a record inserted here can change."""
    low = max(0, at - 1)
    while low > 0 and _same_visit(events[low - 1], events[low], journey_map):
        low -= 1
    return low, _end_of_visit(events, at, journey_map)


def _end_of_visit(events: Sequence[InteractionEvent], start: int, journey_map: JourneyMap) -> int:
    """Return the index after the last record of the visit this record belongs to."""
    end = start + 1
    while end < len(events) and _same_visit(events[end - 1], events[end], journey_map):
        end += 1
    return min(end, len(events))


def _same_path(one: InteractionEvent, following: InteractionEvent, journey_map: JourneyMap) -> bool:
    return following.event_time - one.event_time <= journey_map.ends_after_ms


def _same_visit(
    one: InteractionEvent, following: InteractionEvent, journey_map: JourneyMap
) -> bool:
    return one.journey_stage == following.journey_stage and _same_path(one, following, journey_map)


def _facts_between(
    events: Sequence[InteractionEvent], low: int, high: int, journey_map: JourneyMap
) -> list[Fact]:
    """Return the facts of the visits that begin in [low, high); a visit begins at low."""
    facts: list[Fact] = []
    start = low
    while start < high:
        end = _end_of_visit(events, start, journey_map)
        before = events[start - 1] if start else None
        if before is not None and not _same_path(before, events[start], journey_map):
            before = None
        after = events[end] if end < len(events) else None
        if after is not None and not _same_path(events[end - 1], after, journey_map):
            after = None
        facts += _facts_of_visit(before, events[start:end], after, journey_map)
        start = end
    return facts


def _facts_of_visit(
    before: InteractionEvent | None,
    visit: Sequence[InteractionEvent],
    after: InteractionEvent | None,
    journey_map: JourneyMap,
) -> list[Fact]:
    """Return the facts of one visit, between the records of its path before and after it."""
    first = visit[0]
    stage, entered = first.journey_stage, first.event_time
    dimensions = own_dimensions(first)
    if before is None:
        planned = stage in journey_map.starts
    else:
        planned = (before.journey_stage, stage) in journey_map.transitions
    on_map = planned and all(event.on_map != "OFF" for event in visit)
    facts = [Fact("journey.on_map", entered, int(on_map), dimensions)]
    if after is not None:
        left = after.event_time
        facts.append(Fact("journey.stage_time", left, left - entered, dimensions))
    expected = journey_map.expected_ms.get(stage)
    if expected is not None:
        due = entered + expected
        in_time = after is not None and after.event_time <= due
        facts.append(Fact("journey.in_time", due, int(in_time), dimensions))
    return facts
