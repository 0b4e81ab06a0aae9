"""Two counts of every cell of one partition: the stored one, and the one of the auditor."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from typing import NamedTuple

from streams.verifying.fact import Cell

__all__ = ["Counted", "Tally"]


class Counted(NamedTuple):
    """One cell with both counts."""

    cell: Cell
    stored: int
    recounted: int


class Tally:
    """Counts by cell, a few hundred bytes each."""

    def __init__(self) -> None:
        self._places: dict[Cell, int] = {}
        self._stored = array("q")
        self._recounted = array("q")
        self._series: dict[tuple[tuple[str, str], ...], tuple[tuple[str, str], ...]] = {}

    def store(self, cell: Cell, n: int) -> None:
        """Add to what is stored."""
        self._stored[self._place(cell)] += n

    def recount(self, cell: Cell, n: int = 1) -> None:
        """Add to what is recounted."""
        self._recounted[self._place(cell)] += n

    def __iter__(self) -> Iterator[Counted]:
        """Yield every cell that either side counted."""
        for cell, place in self._places.items():
            stored, recounted = self._stored[place], self._recounted[place]
            if stored or recounted:
                yield Counted(cell, stored, recounted)

    def _place(self, cell: Cell) -> int:
        place = self._places.get(cell)
        if place is None:
            # Many cells share the dimensions: one object for all of them.
            shared = self._series.setdefault(cell.dimensions, cell.dimensions)
            place = self._places[cell._replace(dimensions=shared)] = len(self._stored)
            self._stored.append(0)
            self._recounted.append(0)
        return place
