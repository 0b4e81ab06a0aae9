"""The ways of one customer through the journeys of the definitions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from schemas.journey_maps import JourneyMap
from streams.verifying.fact import Fact
from streams.verifying.row import Row
from streams.verifying.timeline import carried

__all__ = ["journey_facts"]


class _Visit(NamedTuple):
    """Events of one stage in a row. `opens` says that it is the first of its path."""

    events: list[Row]
    opens: bool

    @property
    def stage(self) -> str:
        return str(self.events[0]["journey_stage"])

    @property
    def entry_ms(self) -> int:
        return int(self.events[0]["event_time"])


def journey_facts(rows: Sequence[Row], journeys: Mapping[str, JourneyMap]) -> Iterator[Fact]:
    """Yield the facts of all journeys of one customer, from all events of that customer."""
    for journey in journeys.values():
        visits = _visits([row for row in rows if row["journey"] == journey.name], journey)
        for i, visit in enumerate(visits):
            earlier = visits[i - 1] if not visit.opens else None
            has_next = i + 1 < len(visits) and not visits[i + 1].opens
            yield from _of_visit(journey, visit, earlier, visits[i + 1] if has_next else None)


def _visits(rows: Sequence[Row], journey: JourneyMap) -> list[_Visit]:
    staged = [row for row in rows if row["journey_stage"]]
    staged.sort(key=lambda row: (row["event_time"], row["source"], row["event_id"]))
    visits: list[_Visit] = []
    for i, row in enumerate(staged):
        silence_ms = row["event_time"] - staged[i - 1]["event_time"] if i else 0
        opens = i == 0 or silence_ms > journey.ends_after_ms
        if opens or visits[-1].stage != row["journey_stage"]:
            visits.append(_Visit([row], opens))
        else:
            visits[-1].events.append(row)
    return visits


def _of_visit(
    journey: JourneyMap, visit: _Visit, earlier: _Visit | None, later: _Visit | None
) -> Iterator[Fact]:
    dimensions = {
        **carried(visit.events[0]),
        "journey": journey.name,
        "journey_stage": visit.stage,
    }
    planned = (
        visit.stage in journey.starts
        if earlier is None
        else (earlier.stage, visit.stage) in journey.transitions
    )
    on_map = planned and all(event["on_map"] != "OFF" for event in visit.events)
    yield Fact("journey.on_map", visit.entry_ms, int(on_map), dimensions)
    if later is not None:
        took_ms = later.entry_ms - visit.entry_ms
        yield Fact("journey.stage_time", later.entry_ms, took_ms, dimensions)
    if visit.stage in journey.expected_ms:
        due_ms = visit.entry_ms + journey.expected_ms[visit.stage]
        in_time = later is not None and later.entry_ms <= due_ms
        yield Fact("journey.in_time", due_ms, int(in_time), dimensions)
