"""How far each partition was read, and what its records became."""

from __future__ import annotations

from collections.abc import Iterable

from sinks.tables import TABLES
from streams.fold.columns import Origin
from streams.fold.kinds import Kind
from streams.fold.rejection import OUTER_REASONS, Rejection
from streams.fold.rows import FATES, Decoded, Ledger
from streams.store.database import Database, named

__all__ = ["Partitions"]


class Partitions(Database):
    """The ledger, and what else of a partition lies behind or after an offset."""

    def newest_erasures(self, origins: Iterable[Origin]) -> dict[Origin, int]:
        """Return the offset of the last erasure of each partition that has any.

        All before it is durable, so nothing is ever folded again from before it.
        """
        rows = self._clickhouse.rows(
            f"SELECT _topic, _epoch, _partition, max(_offset) FROM {self._database}.erasures "
            "WHERE (_topic, _epoch, _partition) IN %(origins)s GROUP BY _topic, _epoch, _partition",
            {"origins": tuple(origins)},
        )
        return {(topic, epoch, partition): offset for topic, epoch, partition, offset in rows}

    def erasures_after(self, origin: Origin, offset: int) -> list[int]:
        """Return the offsets of the erasures of a partition after an offset."""
        rows = self._clickhouse.rows(
            f"SELECT DISTINCT _offset FROM {self._database}.erasures WHERE _topic = %(topic)s "
            "AND _epoch = %(epoch)s AND _partition = %(partition)s AND _offset > %(after)s "
            "ORDER BY _offset",
            {**named(origin), "after": offset},
        )
        return [erased for (erased,) in rows]

    def chunks(self, origin: Origin, first_chunk: int) -> list[Ledger]:
        """Return what the ledger says of the chunks of a partition from `first_chunk` on."""
        rows = self._clickhouse.rows(
            "SELECT _chunk, first, last, toUnixTimestamp64Milli(chunk_started_at), definitions, "
            f"accepted, corrected, duplicate, rejected, gaps FROM {self._database}.ledger FINAL "
            "WHERE _topic = %(topic)s AND _epoch = %(epoch)s AND _partition = %(partition)s "
            "AND _chunk >= %(chunk)s ORDER BY _chunk",
            {**named(origin), "chunk": first_chunk},
        )
        return [
            Ledger(
                chunk=row[0],
                first=row[1],
                last=row[2],
                first_timestamp_ms=row[3],
                definitions=row[4],
                fates=dict(zip(FATES, row[5:9], strict=True)),
                gaps=row[9],
            )
            for row in rows
        ]

    def ledger_end(self, origin: Origin) -> int | None:
        """Return the offset up to which the ledger accounts for a partition, None if nowhere."""
        rows = self._clickhouse.rows(
            f"SELECT maxOrNull(last) FROM {self._database}.ledger WHERE _topic = %(topic)s "
            "AND _epoch = %(epoch)s AND _partition = %(partition)s",
            named(origin),
        )
        return None if rows[0][0] is None else int(rows[0][0]) + 1

    def allowed(self, origin: Origin, accepts: str) -> int:
        """Return the offset before which an operator accepts rejects (`rejects`) or a loss (`lost`)."""
        rows = self._clickhouse.rows(
            f"SELECT max(until) FROM {self._database}.allowances WHERE topic = %(topic)s "
            "AND epoch = %(epoch)s AND partition = %(partition)s AND accepts = %(accepts)s",
            {**named(origin), "accepts": accepts},
        )
        return int(rows[0][0])

    def raw(self, kind: Kind, origin: Origin, first: int, before: int) -> list[Decoded]:
        """Return the raw rows of a partition from an offset on, as they were decoded once."""
        fields = TABLES[kind.table].fields
        columns = ", ".join(
            f"toUnixTimestamp64Milli({field.name})" if field.kind == "time" else field.name
            for field in fields
        )
        rows = self._clickhouse.rows(
            f"SELECT _offset, toUnixTimestamp64Milli(_timestamp), {columns} "
            f"FROM {self._database}.{kind.table} WHERE _topic = %(topic)s AND _epoch = %(epoch)s "
            "AND _partition = %(partition)s AND _offset >= %(first)s AND _offset < %(before)s "
            "ORDER BY _offset LIMIT 1 BY _offset",
            {**named(origin), "first": first, "before": before},
        )
        return [
            Decoded(
                offset,
                timestamp_ms,
                {field.name: value for field, value in zip(fields, values, strict=True)},
                stands=True,
            )
            for offset, timestamp_ms, *values in rows
        ]

    def standing(self, kind: Kind, origin: Origin, offsets: Iterable[int]) -> set[int]:
        """Return those of some offsets that have a raw row: their records were counted."""
        rows = self._clickhouse.rows(
            f"SELECT DISTINCT _offset FROM {self._database}.{kind.table} WHERE _topic = %(topic)s "
            "AND _epoch = %(epoch)s AND _partition = %(partition)s AND _offset IN %(offsets)s",
            {**named(origin), "offsets": tuple(offsets)},
        )
        return {offset for (offset,) in rows}

    def bound(self, origin: Origin, first: int) -> dict[int, Rejection]:
        """Return the records from an offset on that were refused for what lies outside of the log.

        They might be accepted by now. But rows of records after them were written, so they stay refused.
        """
        rows = self._clickhouse.rows(
            f"SELECT _offset, any(reason), any(detail) FROM {self._database}.rejects "
            "WHERE _topic = %(topic)s AND _epoch = %(epoch)s AND _partition = %(partition)s "
            "AND _offset >= %(first)s AND reason IN %(reasons)s GROUP BY _offset",
            {**named(origin), "first": first, "reasons": OUTER_REASONS},
        )
        return {offset: Rejection(reason, detail) for offset, reason, detail in rows}

    def versions(
        self, kind: Kind, origin: Origin, first_chunk: int, chunk_size: int
    ) -> dict[int, int]:
        """Return the definitions that chunks were begun with, from `first_chunk` on.

        No erasure may come after the start of `first_chunk`. A flush that was cut short left rows, raw
        ones or rejects, and nothing in the ledger.
        """
        of_chunks = " UNION ALL ".join(
            f"SELECT _offset, _definitions FROM {self._database}.{table} "
            "WHERE _topic = %(topic)s AND _epoch = %(epoch)s AND _partition = %(partition)s "
            "AND _offset >= %(from)s"
            for table in (kind.table, "rejects")
        )
        rows = self._clickhouse.rows(
            "SELECT greatest(_offset - modulo(_offset, %(size)s), %(from)s) AS chunk, min(_definitions) "
            f"FROM ({of_chunks}) GROUP BY chunk",
            {**named(origin), "size": chunk_size, "from": first_chunk},
        )
        return dict(rows)
