"""Whether service-level targets were met: those a help desk applied, and those of own policies.

A target that is not met yet stands as missed at its due time; that may lie in the future, where
nobody looks, so no timer is needed.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence

from schemas.measures import DIMENSIONS, HistoryRules
from schemas.policies import SLA_METRICS, SlaMetric, SlaPolicy
from streams.histories.business_time import business_time
from streams.histories.conversations.next_reply import Turn
from streams.histories.conversations.timeline import Timeline
from streams.histories.fact import Fact

__all__ = ["targets"]

#: Positions of the event a target counts from and of the one that fulfilled it, if any.
_Run = tuple[int, int | None]


def targets(timeline: Timeline, turns: Sequence[Turn], rules: HistoryRules) -> Iterator[Fact]:
    """Yield a flag for every target, dated when it is due: 1 if it was fulfilled by then."""
    yield from _applied(timeline)
    for policy in rules.policies:
        if _applies(policy, timeline):
            yield from _own(policy, timeline, turns, rules)


def _applied(timeline: Timeline) -> Iterator[Fact]:
    """Yield the targets of the events: a target that is applied again replaces the one before."""
    standing: dict[tuple[str, str, int], int] = {}
    for index, step in enumerate(timeline.steps):
        event = step.event
        if (
            event.type == "SLA_APPLIED"
            and event.due_at is not None
            and event.sla_metric in SLA_METRICS
        ):
            own = index if event.sla_metric == "next_reply" else 0
            standing[event.sla_policy_id, event.sla_metric, own] = index
    for (policy, metric, _), index in standing.items():
        if metric == "first_reply":
            fulfilled = _answered_or_solved(timeline)
        elif metric == "resolution":
            fulfilled = _first_after(index, timeline.solves)
        else:
            fulfilled = _first_after(index, timeline.replies, timeline.solves)
        due_ms = timeline.steps[index].event.due_at
        if due_ms is not None:
            yield _fact(timeline, (index, fulfilled), due_ms, policy, metric)


def _own(
    policy: SlaPolicy, timeline: Timeline, turns: Sequence[Turn], rules: HistoryRules
) -> Iterator[Fact]:
    for metric, target_ms in policy.targets_ms.items():
        for run in _runs(metric, timeline, turns):
            begins_ms = timeline.time_ms(run[0])
            if policy.calendar:
                hours = business_time(rules.calendars[policy.calendar])
                due_ms = hours.add_ms(begins_ms, target_ms)
            else:
                due_ms = begins_ms + target_ms
            yield _fact(timeline, run, due_ms, policy.id, metric)


def _runs(metric: SlaMetric, timeline: Timeline, turns: Sequence[Turn]) -> list[_Run]:
    if metric == "first_reply":
        return [(0, _answered_or_solved(timeline))]
    if metric == "resolution":
        return [(0, _first_after(-1, timeline.solves))]
    return [(turn.since, turn.until) for turn in turns]


def _applies(policy: SlaPolicy, timeline: Timeline) -> bool:
    """Tell whether the conversation is one the policy is for, as it was first described."""
    return all(_first_told(timeline, name) in values for name, values in policy.match.items())


def _first_told(timeline: Timeline, name: str) -> str | None:
    for step in timeline.steps:
        if name in DIMENSIONS:
            told = next((value for known, value in step.dimensions if known == name), "")
        else:
            told = getattr(step.event, name)
        if told:
            return told
    return None


def _answered_or_solved(timeline: Timeline) -> int | None:
    return _first_after(-1, timeline.replies, timeline.solves)


def _first_after(index: int, *positions: Sequence[int]) -> int | None:
    """Return the first position after an index, of lists of positions in order."""
    first: int | None = None
    for among in positions:
        at = bisect_right(among, index)
        if at < len(among) and (first is None or among[at] < first):
            first = among[at]
    return first


def _fact(timeline: Timeline, run: _Run, due_ms: int, policy: str, metric: str) -> Fact:
    begins, fulfilled = run
    met = fulfilled is not None and timeline.time_ms(fulfilled) <= due_ms
    own = [("sla_metric", metric), ("sla_policy", policy)] if policy else [("sla_metric", metric)]
    return Fact("sla", due_ms, int(met), tuple(sorted([*timeline.steps[begins].dimensions, *own])))
