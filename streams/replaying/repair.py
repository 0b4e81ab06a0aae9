"""Fold sealed chunks again and put right what is stored of them.

What a chunk comes to is a function of the log, so folding it again gives the rows that should be there.
They are written over what is there; a count that should not be there becomes 0. Only chunks that are full
are repaired: the open one is a worker's.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from sinks.clickhouse import ClickHouse
from sinks.tables import TABLES
from streams.fold.chunks import chunk_start
from streams.fold.columns import Columns, Origin
from streams.fold.rows import Ledger
from streams.store import Store

__all__ = ["Repaired", "Repairing", "sealed"]


class _Key(NamedTuple):
    """What names one row of `slices` within a chunk."""

    measure: str
    series: int
    start: int
    bucket: int


@dataclass(slots=True)
class Repaired:
    """What a repair found: counts that were right, wrong or missing, and such that should not be there.

    `gone`: chunks that Kafka does not keep as a whole any more, so that they cannot be folded again.
    """

    chunks: int = 0
    gone: int = 0
    right: int = 0
    wrong: int = 0
    missing: int = 0
    stale: int = 0

    @property
    def mended(self) -> int:
        """How many counts were put right."""
        return self.wrong + self.missing + self.stale


def sealed(ledgers: Iterable[Ledger], first: int, end: int, size: int, border: int) -> list[Ledger]:
    """Return the chunks a repair may fold again: full, and touched by a stretch of offsets.

    Args:
        ledgers: What the ledger says of the partition, in order.
        first: First offset of the stretch.
        end: Offset the stretch ends before.
        size: Offsets in a chunk that no erasure cuts short.
        border: Offset of the last erasure: nothing before it is ever folded again.
    """
    found = []
    for ledger in ledgers:
        full = ledger.last + 1 >= chunk_start(ledger.chunk, size) + size
        if full and ledger.chunk >= border and ledger.last >= first and ledger.chunk < end:
            found.append(ledger)
    return found


class Repairing(Store):
    """A store that compares the counts it is told to write with those that are there."""

    def __init__(self, clickhouse: ClickHouse) -> None:
        super().__init__(clickhouse)
        self.clickhouse = clickhouse
        self.found = Repaired()
        self._written: dict[tuple[Origin, int], dict[_Key, int]] = {}

    def write(self, table: str, columns: Columns) -> int:
        """Upsert rows; return how many."""
        if table == "slices":
            names = TABLES["slices"].columns
            for values in zip(*columns, strict=True):
                row = dict(zip(names, values, strict=True))
                origin = row["_topic"], row["_epoch"], row["_partition"]
                chunk = self._written.setdefault((origin, row["_chunk"]), {})
                key = _Key(row["measure"], row["series"], row["slice_start"], row["bucket"])
                chunk[key] = row["n"]
        return super().write(table, columns)

    def before(self, origin: Origin, chunk: int) -> dict[_Key, tuple[Any, ...]]:
        """Return what is stored of a chunk: the whole row by its key."""
        names = TABLES["slices"].columns
        shown = ", ".join(names).replace("slice_start", "toUnixTimestamp(slice_start)", 1)
        topic, epoch, partition = origin
        rows = self.clickhouse.rows(
            f"SELECT {shown} FROM {self.clickhouse.address.database}.slices FINAL "
            "WHERE _topic = %(topic)s AND _epoch = %(epoch)s AND _partition = %(partition)s "
            "AND _chunk = %(chunk)s",
            {"topic": topic, "epoch": epoch, "partition": partition, "chunk": chunk},
        )
        found = {}
        for values in rows:
            row = dict(zip(names, values, strict=True))
            key = _Key(row["measure"], row["series"], row["slice_start"], row["bucket"])
            found[key] = values
        return found

    def settle(self, origin: Origin, chunk: int, before: dict[_Key, tuple[Any, ...]]) -> None:
        """Compare a chunk that was folded again with what was stored, and take out what is stale."""
        at = TABLES["slices"].columns.index("n")
        written = self._written.pop((origin, chunk), {})
        stale = []
        for key, row in before.items():
            if key in written:
                same = row[at] == written[key]
                self.found.right += same
                self.found.wrong += not same
            elif row[at]:
                stale.append((*row[:at], 0, *row[at + 1 :]))
        self.found.missing += sum(1 for key, n in written.items() if n and key not in before)
        self.found.stale += len(stale)
        self.found.chunks += 1
        if stale:
            super().write("slices", [list(column) for column in zip(*stale, strict=True)])
