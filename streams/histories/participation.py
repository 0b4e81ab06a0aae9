"""Participation: how far an invitation came, from sent to completed."""

from __future__ import annotations

from collections.abc import Iterable

from streams.histories.dimensions import known_channel, sorted_dimensions
from streams.histories.events import InvitationEvent
from streams.histories.fact import Fact

__all__ = ["STEPS", "first_sent", "invitation_dimensions", "participation_fact"]

_STATUSES = ("SENT", "DELIVERED", "OPENED", "STARTED", "ANSWERED", "COMPLETED")

#: The steps of an invitation, the value of the fact by status.
STEPS = {status: step for step, status in enumerate(_STATUSES, start=1)}


def first_sent(events: Iterable[InvitationEvent]) -> InvitationEvent | None:
    """Return the earliest SENT of one invitation, or None if it was never sent."""
    return min((event for event in events if event.status == "SENT"), key=_order, default=None)


def participation_fact(
    events: Iterable[InvitationEvent], *, assume_delivered: bool = False
) -> Fact | None:
    """Return how far one invitation came, or None without a step before it expired.

    Args:
        events: The records of one invitation, in any order.
        assume_delivered: Whether what was sent and did not bounce counts as delivered.
    """
    events = list(events)
    expires_at = max(
        (event.expires_at for event in events if event.expires_at is not None), default=None
    )
    steps = [
        event
        for event in events
        if event.status in STEPS and (expires_at is None or event.event_time <= expires_at)
    ]
    if not steps:
        return None
    sent = first_sent(steps)
    furthest = max(STEPS[event.status] for event in steps)
    if any(event.status == "BOUNCED" for event in events):
        furthest = STEPS["SENT"]
    elif assume_delivered and sent is not None:
        furthest = max(furthest, STEPS["DELIVERED"])
    begun = sent or min(steps, key=_order)
    return Fact("participation", begun.event_time, furthest, invitation_dimensions(begun))


def invitation_dimensions(event: InvitationEvent, rule: str = "") -> tuple[tuple[str, str], ...]:
    """Return the dimensions of a record of an invitation, and of the contact rule it is judged by."""
    return sorted_dimensions(
        event.attributes,
        survey_id=event.survey_id,
        touchpoint=event.touchpoint,
        channel=known_channel(event.channel),
        journey_stage=event.journey_stage,
        contact_rule=rule,
    )


def _order(event: InvitationEvent) -> tuple[int, str]:
    return event.event_time, event.event_id
