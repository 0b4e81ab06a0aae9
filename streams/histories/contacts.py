"""Contacts: whether a customer was asked more often than the contact rules allow."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence

from schemas.contact_rules import ContactRule
from streams.histories.events import InvitationEvent
from streams.histories.fact import Fact
from streams.histories.participation import invitation_dimensions

__all__ = ["contact_facts"]


def contact_facts(sent: Iterable[InvitationEvent], rules: Sequence[ContactRule]) -> list[Fact]:
    """Return one fact for each invitation and rule it matches: 1 if it broke the rule, else 0.

    Args:
        sent: The earliest SENT of each invitation of one customer, in any order.
        rules: The contact rules.
    """
    ordered = sorted(sent, key=_order)
    return [fact for rule in rules for fact in _judge(ordered, rule)]


def _order(event: InvitationEvent) -> tuple[int, str, str]:
    return event.event_time, event.source, event.invitation_id


def _judge(ordered: Sequence[InvitationEvent], rule: ContactRule) -> Iterator[Fact]:
    window: deque[int] = deque()
    previous: int | None = None
    for event in ordered:
        if not _matches(event, rule):
            continue
        now = event.event_time
        window.append(now)
        while rule.per_ms is not None and window and window[0] <= now - rule.per_ms:
            window.popleft()
        too_many = rule.most is not None and len(window) > rule.most
        too_soon = (
            rule.min_gap_ms is not None
            and previous is not None
            and now - previous < rule.min_gap_ms
        )
        previous = now
        breach = int(too_many or too_soon)
        yield Fact("contact", now, breach, invitation_dimensions(event, rule.name))


def _matches(event: InvitationEvent, rule: ContactRule) -> bool:
    return (not rule.survey_kinds or event.survey_kind in rule.survey_kinds) and (
        not rule.channels or event.channel in rule.channels
    )
