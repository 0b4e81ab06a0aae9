"""The dimensions of a fact: what one record says about itself."""

from __future__ import annotations

from schemas.measures import ATTRIBUTE
from streams.histories.events import Attributes, InteractionEvent

__all__ = ["known_channel", "own_dimensions", "sorted_dimensions"]

#: Whose team and agent say nothing about who works on a conversation ...
_NOT_AT_WORK = frozenset({"CUSTOMER", "BOT", "SYSTEM"})

#: ... unless the record is about just that.
_HANDING_OVER = frozenset({"ASSIGNED", "TRANSFERRED"})


def sorted_dimensions(attributes: Attributes, /, **fields: str) -> tuple[tuple[str, str], ...]:
    """Return the non-empty fields and attributes as dimensions, by name.

    Of several attributes of one name the last one stands.
    """
    found = {name: value for name, value in fields.items() if value}
    found.update((ATTRIBUTE + name, value) for name, value in attributes if value)
    return tuple(sorted(found.items()))


def known_channel(channel: str) -> str:
    """Return the channel, or nothing for a symbol that stands for none."""
    return "" if channel == "UNKNOWN" else channel


def own_dimensions(event: InteractionEvent) -> tuple[tuple[str, str], ...]:
    """Return the dimensions that one interaction has by itself."""
    at_work = event.actor not in _NOT_AT_WORK or event.type in _HANDING_OVER
    return sorted_dimensions(
        event.attributes,
        touchpoint=event.touchpoint,
        channel=known_channel(event.channel),
        journey=event.journey,
        journey_stage=event.journey_stage,
        team_id=event.team_id if at_work else "",
        agent_id=event.agent_id if at_work else "",
        product=event.product,
        region=event.region,
    )
