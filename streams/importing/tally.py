"""What became of the rows of one import."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Tally"]

_REMEMBERED_IDS = 2_000_000


@dataclass(slots=True)
class Tally:
    """Counts of one import, over all its runs.

    `rows` is also where the next run goes on. Every row is in exactly one of `sent_rows`, `skipped`
    (no `when` held) and `refused`. `repeated` counts events whose id came before, in this run and
    among the first two million.
    """

    rows: int = 0
    sent_rows: int = 0
    skipped: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    sent: Counter[str] = field(default_factory=Counter)
    repeated: int = 0
    _ids: set[int] = field(default_factory=set, repr=False)

    @property
    def refused_rows(self) -> int:
        """Rows that became no event for a reason."""
        return self.refused.total()

    @property
    def events(self) -> int:
        """Events sent, to all topics."""
        return self.sent.total()

    def count_event(self, topic: str, event_id: str) -> None:
        """Count one event."""
        self.sent[topic] += 1
        mark = hash((topic, event_id))
        if mark in self._ids:
            self.repeated += 1
        elif len(self._ids) < _REMEMBERED_IDS:
            self._ids.add(mark)

    def as_data(self) -> dict[str, Any]:
        """Return the counts as JSON data."""
        return {
            "rows": self.rows, "sent_rows": self.sent_rows, "skipped": self.skipped,
            "refused": dict(self.refused), "sent": dict(self.sent), "repeated": self.repeated,
        }  # fmt: skip

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> Tally:
        """Return the counts that `as_data` gave; KeyError, TypeError or ValueError if it did not."""
        return cls(
            rows=int(data["rows"]), sent_rows=int(data["sent_rows"]),
            skipped=int(data["skipped"]), refused=Counter(data["refused"]),
            sent=Counter(data["sent"]), repeated=int(data["repeated"]),
        )  # fmt: skip
