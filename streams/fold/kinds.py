"""How the records of each input topic are read: their identity, their time, their type."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["KINDS", "Identity", "Kind"]

#: What makes two records the same thing. Different for each topic, always strings.
Identity = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Kind:
    """The fields of one input topic that the fold needs to know by name.

    A kind without a `revision` field is an event: it happens once and is never changed.
    """

    topic: str
    table: str
    identity: tuple[str, ...]
    time: str
    symbol: str
    revision: str | None = None
    times: tuple[str, ...] = ()

    def identity_of(self, record: dict[str, Any]) -> Identity:
        """Return the identity of a record."""
        return tuple([record[field] for field in self.identity])

    def revision_of(self, record: dict[str, Any]) -> int:
        """Return the revision of a record; 1 for an event."""
        return record[self.revision] if self.revision else 1


_RESPONSES = Kind(
    topic="feedback.responses",
    table="answers",
    identity=("source", "response_id", "question_id"),
    time="responded_at",
    symbol="metric",
    revision="revision",
    times=("invited_at", "opened_at", "started_at", "updated_at"),
)
_INVITATIONS = Kind(
    topic="feedback.invitations",
    table="invitations",
    identity=("source", "event_id"),
    time="event_time",
    symbol="status",
    times=("expires_at",),
)
_INTERACTIONS = Kind(
    topic="feedback.interactions",
    table="interactions",
    identity=("source", "event_id"),
    time="event_time",
    symbol="type",
    times=("due_at",),
)
_FOLLOWUPS = Kind(
    topic="feedback.followups",
    table="followups",
    identity=("source", "event_id"),
    time="event_time",
    symbol="status",
    times=("due_at",),
)

KINDS: dict[str, Kind] = {
    kind.topic: kind for kind in (_RESPONSES, _INVITATIONS, _INTERACTIONS, _FOLLOWUPS)
}
