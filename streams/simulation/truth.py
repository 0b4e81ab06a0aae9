"""What was sent, and what a correct reader must have counted in the end."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from streams.simulation.events import SimulatedEvent

__all__ = ["Truth"]


@dataclass(slots=True)
class Truth:
    """Counts of everything added so far.

    `sent` counts by (topic, intent), `fates` by (topic, fate) and `rejected` by (topic, reason).
    The sums of `sent` and of `fates` are equal.
    """

    sent: Counter[tuple[str, str]] = field(default_factory=Counter)
    fates: Counter[tuple[str, str]] = field(default_factory=Counter)
    rejected: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, event: SimulatedEvent) -> None:
        """Count an event that was sent."""
        topic = event.topic
        self.sent[topic, event.intent] += 1
        self.fates[topic, event.fate] += 1
        if event.reason is not None:
            self.rejected[topic, event.reason] += 1

    @property
    def total(self) -> int:
        """How many events were sent."""
        return self.sent.total()

    def topic(self, name: str) -> int:
        """Return how many events were sent to a topic."""
        return sum(n for (topic, _), n in self.sent.items() if topic == name)

    def as_dict(self) -> dict[str, dict[str, dict[str, int]]]:
        """Return the counts by topic, for JSON: `{"sent": {topic: {intent: n}}, ...}`."""
        return {
            "sent": _by_topic(self.sent),
            "fates": _by_topic(self.fates),
            "rejected": _by_topic(self.rejected),
        }


def _by_topic(counts: Counter[tuple[str, str]]) -> dict[str, dict[str, int]]:
    result: dict[str, dict[str, int]] = {}
    for (topic, name), n in sorted(counts.items()):
        result.setdefault(topic, {})[name] = n
    return result
