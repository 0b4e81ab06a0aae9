"""What a partition has seen: which revisions of which records, and what the current one added."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import NamedTuple

from streams.fold.cells import Cell
from streams.fold.kinds import Identity

__all__ = ["Known", "KnownRecords"]


class Known(NamedTuple):
    """What is known of one identity.

    `revisions` are all seen so far, `current` is the highest of them, `cells` what it added, and
    `offset` the last record about it. `subjects` are those an answer has been about: mostly one, but
    a revision may name another customer. Empty for events, which are about one for ever.
    """

    revisions: frozenset[int]
    current: int
    cells: tuple[Cell, ...]
    offset: int
    subjects: frozenset[str] = frozenset()


class KnownRecords:
    """A bounded memory of identities. What it forgot stands in the raw tables.

    While it is `complete`, an identity it does not hold was never seen, and nobody need look.
    """

    def __init__(self, limit: int, *, complete: bool) -> None:
        self._limit = limit
        self._known: OrderedDict[Identity, Known] = OrderedDict()
        self.complete = complete

    def __len__(self) -> int:
        return len(self._known)

    def get(self, identity: Identity) -> Known | None:
        """Return what is known of an identity, or None."""
        return self._known.get(identity)

    def put(self, identity: Identity, known: Known) -> None:
        """Remember; the newest is forgotten last."""
        self._known[identity] = known
        self._known.move_to_end(identity)

    def forget(self, identity: Identity) -> None:
        """Forget an identity whose records are gone: it is as if it was never seen."""
        self._known.pop(identity, None)

    def missing(self, identities: Iterable[Identity]) -> set[Identity]:
        """Return the identities that must be looked up before they can be judged."""
        if self.complete:
            return set()
        return {identity for identity in identities if identity not in self._known}

    def forget_before(self, offset: int) -> None:
        """Shrink to the limit, oldest first, but keep all that was seen at `offset` or later.

        Only records that are durable in the raw tables, in a closed chunk, may be forgotten: a
        look-up during the open chunk sees nothing of that chunk.
        """
        while len(self._known) > self._limit:
            identity, oldest = next(iter(self._known.items()))
            if oldest.offset >= offset:
                return
            del self._known[identity]
            self.complete = False
