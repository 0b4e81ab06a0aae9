"""Observed effort: what a customer had to do until a conversation was solved, in points."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from schemas.effort import MOST_EFFORT, EffortWeights
from streams.verifying.fact import Fact
from streams.verifying.issue import same_issue
from streams.verifying.timeline import Step, Timeline

__all__ = ["effort_facts"]

_HOUR_MS, _FORTNIGHT_MS = 3_600_000, 14 * 86_400_000
_CHANNEL_EVENTS = ("CREATED", "CUSTOMER_MESSAGE", "REOPENED", "CALL_ENDED")


def effort_facts(
    one: Timeline, others: Sequence[Timeline], weights: EffortWeights
) -> Iterator[Fact]:
    """Yield the effort of a conversation that is solved, at its last solution."""
    solves = [step for step in one.steps if step.solve]
    if not solves or not one.is_solved:
        return
    last = solves[-1]
    before = one.steps[: last.at]
    repeats = [
        other
        for other in same_issue(one, others)
        if one.start_ms - _FORTNIGHT_MS <= other.start_ms < one.start_ms
    ]
    waited_ms = one.time_in(["waiting"], last.at, lambda start, end: end - start)
    points = (
        weights.channel_switch * _channel_switches(before)
        + weights.transfer * sum(step.type == "TRANSFERRED" for step in before)
        + weights.repeat_contact * len(repeats)
        + weights.repeated_information * _repeated_information(before)
        + weights.reopen * sum(step.reopen for step in before)
        + weights.waiting_hour * waited_ms // _HOUR_MS
    )
    yield Fact("effort", last.time_ms, min(MOST_EFFORT, points), last.dimensions)


def _channel_switches(steps: Sequence[Step]) -> int:
    channels = [
        str(step.row["channel"])
        for step in steps
        if step.type in _CHANNEL_EVENTS and step.row["channel"] not in ("", "UNKNOWN")
    ]
    return sum(channels[i] != channels[i - 1] for i in range(1, len(channels)))


def _repeated_information(steps: Sequence[Step]) -> int:
    replies = [i for i, step in enumerate(steps) if step.human_reply]
    found = 0
    previous = ""
    for number, i in enumerate(replies):
        agent = steps[i].row["agent_id"]
        if agent and previous and agent != previous:
            end = replies[number + 1] if number + 1 < len(replies) else len(steps)
            found += any(step.type == "CUSTOMER_MESSAGE" for step in steps[i + 1 : end])
        previous = agent or previous
    told = [step.row["attributes"].get("repeated_information", "") for step in steps]
    return found + told.count("true")
