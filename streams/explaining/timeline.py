"""The events of a conversation in order, with the state each left it in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from schemas.measures import HistoryRules
from streams.fold.customers import Stored
from streams.histories.conversations import Timeline
from streams.histories.events import InteractionEvent

__all__ = ["Step", "steps_of"]


@dataclass(frozen=True, slots=True)
class Step:
    """One event: when (epoch ms), what, by whom, the state after it, and where it stands in the log."""

    time_ms: int
    type: str
    actor: str
    state: str
    event_id: str
    offset: int


def steps_of(story: Sequence[Stored]) -> list[Step]:
    """Return the events of one conversation, as they are judged."""
    offsets = {cast(InteractionEvent, one.event).event_id: one.offset for one in story}
    # States follow no rules that definitions could change.
    timeline = Timeline.of((cast(InteractionEvent, one.event) for one in story), HistoryRules())
    return [
        Step(
            time_ms=step.event.event_time,
            type=step.event.type,
            actor=step.event.actor,
            state=step.after,
            event_id=step.event.event_id,
            offset=offsets[step.event.event_id],
        )
        for step in timeline.steps
    ]
