"""Observed effort: how hard a customer had to work for a solution, without asking."""

from __future__ import annotations

from collections.abc import Sequence

from schemas.effort import EffortWeights
from streams.histories.conversations.replies import HUMAN
from streams.histories.conversations.states import WAITING
from streams.histories.conversations.timeline import Step, Timeline
from streams.histories.dimensions import known_channel

__all__ = ["own_effort"]

_HOUR_MS = 3_600_000

#: Types whose channel is the one the customer chose.
_BY_CUSTOMER = frozenset({"CREATED", "CUSTOMER_MESSAGE", "REOPENED", "CALL_ENDED"})

_REPEATED = ("repeated_information", "true")


def own_effort(timeline: Timeline, until: int, weights: EffortWeights) -> int:
    """Return the points of the signs within the conversation before its last solve.

    The sum has no upper limit here: the contacts before this conversation are added to it first.

    Args:
        timeline: A conversation that has ended, so that no reopening follows its last solve.
        until: The position of that solve.
        weights: Points of each sign.
    """
    steps = timeline.steps[:until]
    points = (
        weights.channel_switch * _channel_switches(steps)
        + weights.transfer * sum(step.event.type == "TRANSFERRED" for step in steps)
        + weights.repeated_information * _repetitions(steps)
        + weights.reopen * len(timeline.reopens)
    )
    plain = timeline.clocks[0]
    waited_ms = timeline.time_in_states(plain, until).get(WAITING, 0)
    return points + weights.waiting_hour * waited_ms // _HOUR_MS


def _channel_switches(steps: Sequence[Step]) -> int:
    switches, current = 0, ""
    for step in steps:
        if step.event.type in _BY_CUSTOMER and (channel := known_channel(step.event.channel)):
            switches += current not in {"", channel}
            current = channel
    return switches


def _repetitions(steps: Sequence[Step]) -> int:
    """Count how often a customer told it again: to another agent who asked, or as an event says."""
    told, previous = 0, ""
    asks = False
    for step in steps:
        event = step.event
        if step.reply == HUMAN:
            agent = event.agent_id
            asks = bool(agent and previous and agent != previous)
            previous = agent or previous
        elif asks and event.type == "CUSTOMER_MESSAGE":
            told += 1
            asks = False
        told += _REPEATED in event.attributes
    return told
