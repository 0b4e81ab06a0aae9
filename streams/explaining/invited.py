"""The facts of a customer's invitations, each with the invitation it is about."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import cast

from schemas.measures import Measures
from streams.explaining.told import Told
from streams.fold.customers import Stored
from streams.histories.contacts import contact_facts
from streams.histories.events import InvitationEvent
from streams.histories.participation import (
    first_sent,
    invitation_dimensions,
    participation_fact,
)

__all__ = ["invitation_facts"]


def invitation_facts(history: Sequence[Stored], measures: Measures, fact: str) -> Iterator[Told]:
    """Yield the facts of one name of every invitation of a customer."""
    invitations: dict[tuple[str, str], list[Stored]] = {}
    for stored in history:
        event = _event(stored)
        invitations.setdefault((event.source, event.invitation_id), []).append(stored)
    if fact == "participation":
        assume = measures.rules.assume_delivered
        for key, story in invitations.items():
            events = [_event(stored) for stored in story]
            if found := participation_fact(events, assume_delivered=assume):
                yield Told(found, _names(key), story[-1].offset)
    else:
        yield from _contacts(invitations, measures)


def _contacts(
    invitations: dict[tuple[str, str], list[Stored]], measures: Measures
) -> Iterator[Told]:
    sent = {
        key: first
        for key, story in invitations.items()
        if (first := first_sent([_event(stored) for stored in story]))
    }
    ordered = sorted(sent.items(), key=lambda item: (item[1].event_time, item[0]))
    for rule in measures.rules.contact_rules:
        waiting = list(ordered)
        # Facts come in the order of the contacts, so each is of the first that fits.
        for found in contact_facts(sent.values(), [rule]):
            at = next(
                index
                for index, (_, event) in enumerate(waiting)
                if event.event_time == found.time_ms
                and invitation_dimensions(event, rule.name) == found.dimensions
            )
            key, _ = waiting.pop(at)
            yield Told(
                found, (*_names(key), ("contact_rule", rule.name)), invitations[key][-1].offset
            )


def _event(stored: Stored) -> InvitationEvent:
    return cast(InvitationEvent, stored.event)


def _names(key: tuple[str, str]) -> tuple[tuple[str, str], ...]:
    return ("source", key[0]), ("invitation_id", key[1])
