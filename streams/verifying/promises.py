"""Promises to a customer, and whether they were kept in time."""

from __future__ import annotations

from collections.abc import Iterator

from streams.verifying.fact import Fact
from streams.verifying.timeline import Step, Timeline

__all__ = ["promise_facts"]


def promise_facts(one: Timeline) -> Iterator[Fact]:
    """Yield a flag at the due time of each promise that has one."""
    made: list[Step] = []
    kept_by: dict[int, Step] = {}
    for step in one.steps:
        if step.type == "PROMISE_MADE" and step.row["due_at"] is not None:
            made.append(step)
        if step.type == "PROMISE_KEPT":
            still_open = [promise for promise in made if promise.at not in kept_by]
            if still_open:
                kept_by[still_open[0].at] = step
    for promise in made:
        due_ms = promise.row["due_at"]
        kept = kept_by.get(promise.at)
        in_time = kept is not None and kept.time_ms <= due_ms
        yield Fact("promise", due_ms, int(in_time), promise.dimensions)
