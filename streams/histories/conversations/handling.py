"""Handle time: talk, hold and after-contact work of each contact."""

from __future__ import annotations

from collections.abc import Iterator

from streams.histories.conversations.timeline import Timeline
from streams.histories.fact import Fact

__all__ = ["handling"]

#: A longer part, some 300 years, is not believed.
_LONGEST_MS = 10**13


def handling(timeline: Timeline) -> Iterator[Fact]:
    """Yield the handle time of every event that has any, and each part it tells.

    An event with a part that is negative or absurdly long is not believed in any of them.
    """
    for index, step in enumerate(timeline.steps):
        event = step.event
        talk, hold, after_work = event.talk_ms, event.hold_ms, event.after_work_ms
        if talk is None and hold is None and after_work is None:
            continue
        parts = (("handle.talk", talk), ("handle.hold", hold), ("handle.after_work", after_work))
        told = [(name, value) for name, value in parts if value is not None]
        if not all(0 <= value <= _LONGEST_MS for _, value in told):
            continue
        yield timeline.fact("handle.total", index, sum(value for _, value in told))
        for name, value in told:
            yield timeline.fact(name, index, value)
