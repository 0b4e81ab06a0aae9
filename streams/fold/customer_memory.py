"""The histories a partition keeps in memory. What it forgot is built again from the raw tables."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

from streams.fold.customers import Customer

__all__ = ["CustomerMemory"]


class CustomerMemory:
    """A bounded memory of histories, by subject.

    While it is `complete`, a subject it does not hold has no history yet, and nobody need look.
    """

    def __init__(self, limit: int, *, complete: bool) -> None:
        self._limit = limit
        self._customers: OrderedDict[str, Customer] = OrderedDict()
        self.complete = complete

    def __len__(self) -> int:
        return len(self._customers)

    def get(self, subject: str) -> Customer | None:
        """Return the history of a subject, or None."""
        return self._customers.get(subject)

    def put(self, subject: str, customer: Customer) -> None:
        """Remember; the newest is forgotten last."""
        self._customers[subject] = customer
        self._customers.move_to_end(subject)

    def discard(self, subject: str) -> None:
        """Forget a subject that goes on without us: what is held would grow old."""
        self._customers.pop(subject, None)
        self.complete = False

    def forget(self, subject: str) -> None:
        """Forget a subject whose records are gone: it is as if it had no history."""
        self._customers.pop(subject, None)

    def missing(self, subjects: Iterable[str]) -> set[str]:
        """Return the subjects whose histories must be looked up."""
        if self.complete:
            return set()
        return {subject for subject in subjects if subject not in self._customers}

    def forget_before(self, offset: int) -> None:
        """Shrink to the limit, oldest first, but keep what a record at `offset` or later touched.

        A look-up sees only what is below the open chunk.
        """
        while len(self._customers) > self._limit:
            subject, oldest = next(iter(self._customers.items()))
            if oldest.offset >= offset:
                return
            del self._customers[subject]
            self.complete = False
