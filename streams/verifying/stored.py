"""What ClickHouse holds, in pieces that fit in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from schemas.definitions import parse_measures
from schemas.measures import ATTRIBUTE, DIMENSIONS, Measures
from sinks.clickhouse import ClickHouse
from sinks.tables import TABLES, shown
from streams.verifying.conservation import Chunk, Erasure
from streams.verifying.fact import Cell
from streams.verifying.row import SOURCES, Row
from streams.verifying.scope import Scope

__all__ = ["Bound", "Partition", "Stored", "StoredCell"]

#: Rows fetched at once: tens of megabytes.
PAGE = 50_000

#: No offset and no chunk has a higher number.
_ALL = 2**63 - 1

#: What no number depends on; above all what customers wrote.
_UNREAD = frozenset({"value_text", "value_choices", "raw_value", "question_text", "tags"})

_OF_TOPIC = "_topic = %(topic)s"
_WHERE = f"{_OF_TOPIC} AND _epoch = %(epoch)s AND _partition = %(partition)s"

#: Behind the topic of slices that take back what an erased customer had added.
_FORGOTTEN = "#forgotten"
_WITH_FORGOTTEN = _WHERE.replace(_OF_TOPIC, "_topic IN (%(topic)s, %(forgotten)s)")

#: Erasures from here on were asked for in partition 0 of a later incarnation of the topic. Behind this
#: stand the first epoch of that one, and the offset there, which is below `_OFFSETS`.
_LATER, _OFFSETS = 2**62, 2**44

#: The column that holds the offset of the record that touched a cell last.
_TOUCHED = {"slices": "_version", "erased_counts": "_offset"}


class Partition(NamedTuple):
    """One partition of one incarnation of an input topic."""

    topic: str
    epoch: int
    number: int


class Bound(NamedTuple):
    """How far a partition is looked at: raw rows up to `offset`, which are about `rows`."""

    offset: int
    rows: int


class StoredCell(NamedTuple):
    """What one chunk or erasure added to a cell, and the offset of the record that touched it last."""

    cell: Cell
    n: int
    version: int

    @property
    def later(self) -> bool:
        """Whether that record stands in the log of a later incarnation of the topic."""
        return self.version >= _LATER


class Stored:
    """The tables of one database, as the auditor reads them.

    Args:
        clickhouse: Where they are.
        page: Rows fetched at once.
        epochs: Topics to look at, each in one epoch; by default all that the views show.
    """

    def __init__(
        self,
        clickhouse: ClickHouse,
        *,
        page: int = PAGE,
        epochs: Mapping[str, int] | None = None,
    ) -> None:
        self._epochs = epochs
        self._clickhouse = clickhouse
        self._database = clickhouse.address.database
        self._page = page

    def definitions(self) -> dict[int, Measures]:
        """Return all definitions that folded something, by version."""
        rows = self._clickhouse.rows(f"SELECT version, any(text) FROM {self._database}.definitions "
                                     "GROUP BY version ORDER BY version")  # fmt: skip
        return {version: parse_measures(text) for version, text in rows}

    def partitions(self) -> list[Partition]:
        """Return all partitions that anything was folded of, of the epochs that are looked at."""
        names = "_topic, _epoch, _partition"
        tables = ("ledger", "slices", *(source.table for source in SOURCES.values()))
        union = " UNION DISTINCT ".join(
            f"SELECT DISTINCT {names} FROM {self._database}.{table}" for table in tables
        )
        found = {
            Partition(topic.removesuffix(_FORGOTTEN), epoch, number)
            for topic, epoch, number in self._clickhouse.rows(union)
        }
        if self._epochs is not None:
            return sorted(one for one in found if self._epochs.get(one.topic) == one.epoch)
        hidden = set(
            self._clickhouse.rows(f"SELECT topic, epoch FROM {self._database}.hidden_epochs")
        )
        return sorted(one for one in found if (one.topic, one.epoch) not in hidden)

    def chunks(self, partition: Partition) -> list[Chunk]:
        """Return what the ledger says of a partition, in order."""
        rows = self._clickhouse.rows(
            "SELECT _chunk, first, last, read, accepted, corrected, duplicate, rejected, gaps "
            f"FROM {self._database}.ledger FINAL WHERE {_WHERE} ORDER BY _chunk",
            _params(partition),
        )
        return [Chunk(*row) for row in rows]

    def count(self, partition: Partition, offset: int = _ALL) -> int:
        """Return about how many raw rows there are up to an offset: some may be stored twice."""
        rows = self._clickhouse.rows(
            f"SELECT count() FROM {self._database}.{SOURCES[partition.topic].table} "
            f"WHERE {_WHERE} AND _offset <= %(offset)s",
            {**_params(partition), "offset": offset},
        )
        return int(rows[0][0])

    def raw(
        self, partition: Partition, bound: Bound, by: str, *, whole: str = ""
    ) -> Iterator[list[Row]]:
        """Yield all raw rows in groups; rows that agree in an expression are in one group.

        With `whole`, columns that tell things apart, a group has all rows of the things it has any row
        of. `_own` of a row is whether it is in the group by itself.
        """
        table = TABLES[SOURCES[partition.topic].table]
        fields = [field for field in table.fields if field.name not in _UNREAD]
        names = [*(field.name for field in fields), "_offset", "_definitions", "_own"]
        columns = [
            f"toUnixTimestamp64Milli({field.name})" if field.kind == "time" else field.name
            for field in fields
        ]
        groups = -(-bound.rows // self._page)
        own = f"modulo(cityHash64({by}), %(groups)s) = %(group)s"
        source = f"{self._database}.{table.name}"
        where = f"{_WHERE} AND _offset <= %(offset)s"
        taken = f"({whole}) IN (SELECT {whole} FROM {source} WHERE {where} AND {own})"
        for group in range(groups):
            rows = self._clickhouse.rows(
                f"SELECT {', '.join(columns)}, _offset, _definitions, {own} AS _own "
                f"FROM {source} FINAL WHERE {where} AND {taken if whole else own}",
                {**_params(partition), "offset": bound.offset, "groups": groups, "group": group},
            )
            yield [dict(zip(names, row, strict=True)) for row in rows]

    def erasures(self, partition: Partition) -> list[Erasure]:
        """Return the erasures of customers in a partition, in order."""
        rows = self._clickhouse.rows(
            f"SELECT _offset, rows FROM {self._database}.erasures FINAL WHERE {_WHERE} ORDER BY _offset",
            _params(partition),
        )
        return [Erasure(offset, count, offset >= _LATER) for offset, count in rows]

    def under_way(self, partition: Partition, erasures: Sequence[Erasure]) -> bool:
        """Return whether something asked for in a later incarnation may be only half erased.

        The ledger of that one passes the record after the rows are deleted.
        """
        last: dict[int, int] = {}
        for erasure in erasures:
            if erasure.later:
                epoch, offset = divmod(erasure.offset - _LATER, _OFFSETS)
                last[epoch] = max(offset, last.get(epoch, 0))
        for epoch, offset in last.items():
            rows = self._clickhouse.rows(
                f"SELECT count() FROM {self._database}.ledger WHERE {_OF_TOPIC} AND _epoch >= %(epoch)s "
                f"AND _partition = 0 AND last >= %(offset)s AND {shown(self._database)}",
                {"topic": partition.topic, "epoch": epoch, "offset": offset},
            )
            if rows == [(0,)]:
                return True
        return False

    def slices(self, partition: Partition, scope: Scope, chunk: int = _ALL) -> Iterator[StoredCell]:
        """Yield what chunks before one added to every cell that is to be checked."""
        where = f"{_WITH_FORGOTTEN} AND _chunk < %(chunk)s"
        return self._cells("slices", partition, scope, where, {"chunk": chunk})

    def kept(self, partition: Partition, scope: Scope, offset: int) -> Iterator[StoredCell]:
        """Yield what customers who were erased up to an offset had added, and the slices still hold.

        And of those who were erased at the request of a later incarnation of the topic.
        """
        where = f"{_WHERE} AND (_offset <= %(offset)s OR _offset >= %(later)s) AND mode = 'keep'"
        bounds: dict[str, object] = {"offset": offset, "later": _LATER}
        return self._cells("erased_counts", partition, scope, where, bounds)

    def _cells(
        self,
        table: str,
        partition: Partition,
        scope: Scope,
        where: str,
        params: dict[str, object],
    ) -> Iterator[StoredCell]:
        wanted, wanted_params = scope.in_sql()
        where = f"{where} AND {wanted}"
        params = {**params, **wanted_params, **_params(partition)}
        source = f"{self._database}.{table}"
        total = self._clickhouse.rows(f"SELECT count() FROM {source} WHERE {where}", params)
        columns = TABLES[table].columns
        names = [name for name in (*DIMENSIONS, "attributes") if name in columns]
        groups = -(-int(total[0][0]) // self._page)
        for group in range(groups):
            rows = self._clickhouse.rows(
                f"SELECT measure, dimensions, toUnixTimestamp(slice_start), bucket, n, {_TOUCHED[table]}, "
                f"{', '.join(names)} FROM {source} FINAL WHERE {where} "
                "AND modulo(cityHash64(measure, slice_start, series), %(groups)s) = %(group)s",
                {**params, "groups": groups, "group": group},
            )
            for measure, dimensions, start_s, bucket, n, touched, *values in rows:
                shown = _values(dimensions, dict(zip(names, values, strict=True)))
                yield StoredCell(Cell(measure, shown, start_s * 1000, bucket), n, touched)


def _values(dimensions: list[str], columns: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    attributes = columns.get("attributes", {})
    named = [
        (name, attributes.get(name.removeprefix(ATTRIBUTE), ""))
        if name.startswith(ATTRIBUTE)
        else (name, columns[name])
        for name in dimensions
    ]
    return tuple(sorted((name, value) for name, value in named if value))


def _params(partition: Partition) -> dict[str, object]:
    topic, epoch, number = partition
    return {
        "topic": topic,
        "forgotten": topic + _FORGOTTEN,
        "epoch": epoch,
        "partition": number,
    }
