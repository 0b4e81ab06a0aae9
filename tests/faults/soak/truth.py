"""What was sent, counted while it is sent, in memory that does not grow."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from streams.simulation import SimulatedEvent, Truth

__all__ = ["IDS_IN_SQL", "Sent"]

#: The same sum as `Sent.ids`, of the rows of a raw table.
IDS_IN_SQL = "sum(reinterpretAsUInt64(substring(MD5(event_id), 1, 8)))"

_WRAP = 2**64


@dataclass
class Sent:
    """Fates by topic, and for each topic the sum of what the ids of its counted records hash to.

    Two sets of as many ids have the same sum if they are the same; another set has it by chance once
    in 2^64.
    """

    truth: Truth = field(default_factory=Truth)
    ids: dict[str, int] = field(default_factory=dict)

    def add(self, event: SimulatedEvent) -> None:
        """Count an event that is sent."""
        self.truth.add(event)
        if event.record is not None and event.fate in ("accepted", "corrected"):
            digest = hashlib.md5(event.record["event_id"].encode(), usedforsecurity=False).digest()
            number = int.from_bytes(digest[:8], "little")
            self.ids[event.topic] = (self.ids.get(event.topic, 0) + number) % _WRAP

    def stored(self, topic: str) -> int:
        """Return how many raw rows a topic must have."""
        fates = self.truth.fates
        return fates[topic, "accepted"] + fates[topic, "corrected"]
