"""Promises, and whether they were kept in time."""

from __future__ import annotations

from collections.abc import Iterator

from streams.histories.conversations.timeline import Timeline
from streams.histories.fact import Fact

__all__ = ["promises"]


def promises(timeline: Timeline) -> Iterator[Fact]:
    """Yield a flag for each promise with a due time, dated then: 1 if it was kept by then.

    Each PROMISE_KEPT keeps the earliest promise before it that nothing kept yet, also when it comes
    too late for that one.
    """
    made: list[tuple[int, int]] = []
    kept: list[int] = []
    for index, step in enumerate(timeline.steps):
        event = step.event
        if event.type == "PROMISE_MADE" and event.due_at is not None:
            made.append((index, event.due_at))
        elif event.type == "PROMISE_KEPT" and len(kept) < len(made):
            kept.append(event.event_time)
    for number, (index, due_ms) in enumerate(made):
        in_time = number < len(kept) and kept[number] <= due_ms
        yield Fact("promise", due_ms, int(in_time), timeline.steps[index].dimensions)
