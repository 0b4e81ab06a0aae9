"""Whether the invitations sent to one customer kept to the contact rules."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from schemas.contact_rules import ContactRule
from streams.verifying.fact import Fact
from streams.verifying.participation import invitation_dimensions, invitations_of
from streams.verifying.row import Row

__all__ = ["contact_facts"]


def contact_facts(rows: Sequence[Row], rules: Sequence[ContactRule]) -> Iterator[Fact]:
    """Yield a flag for each invitation sent and each rule it is under, from a customer's events."""
    sent = []
    for events in invitations_of(rows):
        sent += [event for event in events if event["status"] == "SENT"][:1]
    sent.sort(key=lambda event: (event["event_time"], event["source"], event["invitation_id"]))
    for rule in rules:
        under = [event for event in sent if _takes(rule, event)]
        for i, event in enumerate(under):
            dimensions = {**invitation_dimensions(event), "contact_rule": rule.name}
            breach = _too_many(rule, under[: i + 1]) or _too_soon(rule, under[: i + 1])
            yield Fact("contact", event["event_time"], int(breach), dimensions)


def _takes(rule: ContactRule, event: Row) -> bool:
    kind_fits = not rule.survey_kinds or event["survey_kind"] in rule.survey_kinds
    return kind_fits and (not rule.channels or event["channel"] in rule.channels)


def _too_many(rule: ContactRule, so_far: Sequence[Row]) -> bool:
    now_ms = so_far[-1]["event_time"]
    near = [
        event
        for event in so_far
        if rule.per_ms is None or event["event_time"] > now_ms - rule.per_ms
    ]
    return rule.most is not None and len(near) > rule.most


def _too_soon(rule: ContactRule, so_far: Sequence[Row]) -> bool:
    if rule.min_gap_ms is None or len(so_far) == 1:
        return False
    gap_ms = so_far[-1]["event_time"] - so_far[-2]["event_time"]
    return bool(gap_ms < rule.min_gap_ms)
