"""Ranges of offsets, and the running totals of the open one.

A chunk begins at every multiple of the chunk's size and at every erasure (`streams.fold.erasing`), and is
named by its first offset. Its totals depend on the log alone, so writing them again, by any worker at any
time, changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from streams.fold.cells import Cell

__all__ = ["ChunkTotals", "Total", "chunk_start"]


def chunk_start(offset: int, size: int, border: int = 0) -> int:
    """Return the first offset of the chunk an offset is in.

    Args:
        offset: Any offset.
        size: Offsets in a chunk that no erasure cuts short.
        border: Offset of the last erasure at or before `offset`, 0 if there is none.

    >>> chunk_start(1023, 512), chunk_start(1023, 512, border=700), chunk_start(1024, 512, border=700)
    (512, 700, 1024)
    """
    return max(offset - offset % size, border)


class Total(NamedTuple):
    """The absolute count of one cell in one chunk; `version` is the last offset that touched it."""

    cell: Cell
    n: int
    version: int


class ChunkTotals:
    """The totals of one chunk. A cell that fell back to 0 stays: its earlier total may be stored."""

    def __init__(self) -> None:
        self._n: dict[Cell, int] = {}
        self._version: dict[Cell, int] = {}
        self._touched: set[Cell] = set()

    def add(self, cells: Iterable[Cell], n: int, offset: int) -> None:
        """Add `n` (1, or -1 to take back) to each cell, on behalf of the record at `offset`."""
        for cell in cells:
            self._n[cell] = self._n.get(cell, 0) + n
            self._version[cell] = offset
            self._touched.add(cell)

    def restore(self, totals: Iterable[Total]) -> None:
        """Take over totals that are stored already."""
        for cell, n, version in totals:
            self._n[cell] = n
            self._version[cell] = version

    def drain(self) -> list[Total]:
        """Return the totals of all cells touched since the last call."""
        totals = [Total(cell, self._n[cell], self._version[cell]) for cell in self._touched]
        self._touched.clear()
        return totals
