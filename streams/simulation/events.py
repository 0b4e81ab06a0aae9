"""What the simulation makes: events on their way to a topic, with the fate each must end in."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

__all__ = ["REASONS", "Draft", "Fate", "Intent", "Record", "SimulatedEvent"]

Record = dict[str, Any]

#: What the simulation meant an event to be.
Intent = Literal["new", "duplicate", "correction", "late", "bad"]

#: What a correct reader makes of it.
Fate = Literal["accepted", "corrected", "duplicate", "rejected"]

#: Every reason a simulated bad record is rejected for, by the names judging gives them.
REASONS: tuple[str, ...] = (
    "tombstone",
    "empty",
    "bad_magic",
    "malformed",
    "unknown_schema",
    "score_out_of_range",
)


class SimulatedEvent(NamedTuple):
    """One event: what is sent, where to, when, and what must become of it.

    `at_ms` is when it is sent, in stream time (epoch milliseconds). `record` is what the topic's
    schema encodes; where it is None, `raw` is the value as it is, None standing for a tombstone.
    `fate` holds if every event before it, of the same key, was read before it.
    """

    topic: str
    record: Record | None
    key: str | None
    at_ms: int
    raw: bytes | None
    intent: Intent
    fate: Fate
    reason: str | None


class Draft(NamedTuple):
    """An event that is planned but not sent yet.

    `known` holds the revisions sent so far of the identity it belongs to. All drafts of one
    identity share the list, so it lives no longer than the last of them.
    """

    at_ms: int
    topic: str
    record: Record | None
    known: list[int]
    revision: int = 0
    intent: Intent = "new"
    raw: bytes | None = None
    reason: str | None = None

    def fate(self) -> Fate:
        """Return what becomes of it when it is sent now, and remember that it was sent."""
        if self.reason is not None:
            return "rejected"
        if self.revision in self.known:
            return "duplicate"
        self.known.append(self.revision)
        return "accepted" if len(self.known) == 1 else "corrected"
