"""Service-level targets: those the source applied, and those of our own policies."""

from __future__ import annotations

from collections.abc import Iterator

from schemas.measures import HistoryRules
from schemas.policies import SLA_METRICS, SlaPolicy
from streams.verifying import business_time
from streams.verifying.fact import Fact
from streams.verifying.replies import next_reply_clocks
from streams.verifying.timeline import Step, Timeline, carried

__all__ = ["sla_facts"]


def sla_facts(one: Timeline, rules: HistoryRules) -> Iterator[Fact]:
    """Yield a flag at the due time of every target."""
    yield from _applied(one)
    for policy in rules.policies:
        if _matches(policy, one):
            yield from _own(one, policy, rules)


def _applied(one: Timeline) -> Iterator[Fact]:
    events = [
        step
        for step in one.steps
        if step.type == "SLA_APPLIED"
        and step.row["sla_metric"] in SLA_METRICS
        and step.row["due_at"] is not None
    ]
    for event in events:
        policy, metric = event.row["sla_policy_id"], event.row["sla_metric"]
        later = [
            other
            for other in events
            if other.at > event.at
            and (other.row["sla_policy_id"], other.row["sla_metric"]) == (policy, metric)
        ]
        if metric == "next_reply":
            fulfilled = one.first(_answered, after=event.at)
        elif later:
            continue  # the last one stands
        elif metric == "first_reply":
            fulfilled = one.first(_answered)
        else:
            fulfilled = one.first(lambda step: step.solve, after=event.at)
        yield _fact(event, policy, metric, event.row["due_at"], fulfilled)


def _own(one: Timeline, policy: SlaPolicy, rules: HistoryRules) -> Iterator[Fact]:
    for metric, target_ms in policy.targets_ms.items():
        if metric == "first_reply":
            clocks = [(one.steps[0], one.first(_answered))]
        elif metric == "resolution":
            clocks = [(one.steps[0], one.first(lambda step: step.solve))]
        else:
            clocks = next_reply_clocks(one)
        for started, fulfilled in clocks:
            due_ms = _due(started.time_ms, target_ms, policy, rules)
            yield _fact(started, policy.id, metric, due_ms, fulfilled)


def _due(start_ms: int, target_ms: int, policy: SlaPolicy, rules: HistoryRules) -> int:
    if not policy.calendar:
        return start_ms + target_ms
    return business_time.add(rules.calendars[policy.calendar], start_ms, target_ms)


def _matches(policy: SlaPolicy, one: Timeline) -> bool:
    return all(_first_value(one, field) in values for field, values in policy.match.items())


def _first_value(one: Timeline, field: str) -> str:
    for step in one.steps:
        # What is no dimension (priority, contact_reason) every event may carry.
        value = carried(step.row).get(field, "")
        if field in ("priority", "contact_reason"):
            value = str(step.row[field])
        if value:
            return value
    return ""


def _answered(step: Step) -> bool:
    return step.human_reply or step.solve


def _fact(step: Step, policy: str, metric: str, due_ms: int, fulfilled: Step | None) -> Fact:
    met = fulfilled is not None and fulfilled.time_ms <= due_ms
    dimensions = {**step.dimensions, "sla_policy": policy, "sla_metric": metric}
    return Fact("sla", due_ms, int(met), dimensions)
