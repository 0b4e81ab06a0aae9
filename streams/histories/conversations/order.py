"""The order of the events of a conversation, whatever order they arrived in."""

from __future__ import annotations

from streams.histories.events import InteractionEvent

__all__ = ["Place", "place"]

#: Where an event stands in its conversation: its time, the rank of its type, its id.
Place = tuple[int, int, str]

_IN_ORDER = (
    "CREATED",
    "CUSTOMER_MESSAGE",
    "BOT_MESSAGE",
    "BOT_HANDOFF",
    "ASSIGNED",
    "TRANSFERRED",
    "SLA_APPLIED",
    "AGENT_MESSAGE",
    "NOTE",
    "CALL_ENDED",
    "PENDING",
    "ON_HOLD",
    "REOPENED",
    "SOLVED",
    "CLOSED",
)

_RANKS = {kind: rank for rank, kind in enumerate(_IN_ORDER)}
_LAST = len(_IN_ORDER)


def place(event: InteractionEvent) -> Place:
    """Return the key to sort the events of one conversation by.

    Help desks write several events with the same millisecond. The rank makes a question come before
    its answer and an answer before the solution; no two events of a source share an id.
    """
    return event.event_time, _RANKS.get(event.type, _LAST), event.event_id
