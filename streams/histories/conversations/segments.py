"""Stretches of one state: together they are the whole time of a conversation."""

from __future__ import annotations

from typing import NamedTuple

from streams.histories.conversations.states import State

__all__ = ["Segment", "lengthen"]


class Segment(NamedTuple):
    """The conversation was in `state` from `start_ms` to `end_ms`, epoch ms."""

    state: State
    start_ms: int
    end_ms: int


def lengthen(segments: list[Segment], state: State, start_ms: int, end_ms: int) -> None:
    """Append a stretch. No segment is empty, and neighbours differ in their state."""
    if start_ms == end_ms:
        return
    if segments and segments[-1].state == state:
        segments[-1] = Segment(state, segments[-1].start_ms, end_ms)
    else:
        segments.append(Segment(state, start_ms, end_ms))
