"""Service-level policies: how soon a conversation must be answered and solved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

__all__ = ["MATCHABLE", "SLA_METRICS", "SlaMetric", "SlaPolicy"]

SlaMetric = Literal["first_reply", "next_reply", "resolution"]

SLA_METRICS: tuple[SlaMetric, ...] = ("first_reply", "next_reply", "resolution")

#: What a policy may ask of a conversation.
MATCHABLE: tuple[str, ...] = (
    "channel",
    "priority",
    "contact_reason",
    "product",
    "region",
    "touchpoint",
    "team_id",
)


@dataclass(frozen=True, slots=True)
class SlaPolicy:
    """Targets in milliseconds by metric: of business time if a calendar is named, else of plain time.

    It applies to a conversation whose fields have one of the values of `match`, every field of it.
    """

    id: str
    targets_ms: Mapping[SlaMetric, int]
    calendar: str = ""
    match: Mapping[str, frozenset[str]] = field(default_factory=dict)
