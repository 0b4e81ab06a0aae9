"""What the worker reads from and writes to ClickHouse. Blocking: run it in a thread.

State is a query as of an offset: there is no second copy of it to corrupt.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

from schemas.definitions import parse_measures
from schemas.errors import SinkError
from schemas.measures import ATTRIBUTE, DIMENSIONS, Measures
from sinks.clickhouse import ClickHouse
from sinks.tables import TABLES
from streams.fold.cells import Cell, cells_of
from streams.fold.chunks import Total
from streams.fold.columns import Columns, Origin
from streams.fold.customers import HISTORY_KINDS, Stored, StoredRecord, histories_of
from streams.fold.kinds import Identity, Kind
from streams.fold.known import Known
from streams.fold.rows import FATES, Ledger

__all__ = ["Store"]

#: Identities in one look-up: keeps the query below a few hundred kilobytes.
_LOOKUP = 5_000

#: Names many ids: it needs room, and no place in the query log.
_LONG_QUERY = {"max_query_size": 64 * 1024 * 1024, "log_queries": 0}

_ANSWER_FIELDS = (
    "op", "dismissed", "completed", "metric", "survey_kind", "scale_min", "scale_max",
    "higher_is_better", "value_number",
)  # fmt: skip


class Store:
    """The worker's tables in one database."""

    def __init__(self, clickhouse: ClickHouse) -> None:
        self._clickhouse = clickhouse
        self._database = clickhouse.address.database
        self._definitions: dict[int, Measures] = {}

    # -- writing

    def write(self, table: str, columns: Columns) -> int:
        """Upsert rows; return how many."""
        return self._clickhouse.insert(TABLES[table], columns)

    def close(self) -> None:
        """Close the connection."""
        self._clickhouse.close()

    # -- definitions

    def keep_definitions(self, measures: Measures) -> None:
        """Write a definitions version down before anything is folded with it.

        Raises:
            SinkError: The same version was used before with another text.
        """
        fingerprint = hashlib.sha256(measures.text.encode()).hexdigest()
        stored = self._clickhouse.rows(
            f"SELECT fingerprint FROM {self._database}.definitions WHERE version = %(version)s LIMIT 1",
            {"version": measures.version},
        )
        if stored and stored[0][0] != fingerprint:
            raise SinkError(
                f"The measures file changed, but its version is still {measures.version}.",
                cure="Raise `version` in the measures file.",
            )
        if not stored:
            self.write("definitions", [[measures.version], [fingerprint], [measures.text]])
        self._definitions[measures.version] = measures

    def definitions(self, version: int) -> Measures:
        """Return the measures of a version that folded something.

        Raises:
            SinkError: ClickHouse does not have that version.
        """
        if version not in self._definitions:
            rows = self._clickhouse.rows(
                f"SELECT text FROM {self._database}.definitions WHERE version = %(version)s LIMIT 1",
                {"version": version},
            )
            if not rows:
                raise SinkError(
                    f"ClickHouse has no measure definitions of version {version}.",
                    cure="Restore the table `definitions` from a backup.",
                )
            self._definitions[version] = parse_measures(rows[0][0])
        return self._definitions[version]

    # -- state as of an offset

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
            {**_origin(origin), "after": offset},
        )
        return [erased for (erased,) in rows]

    def chunks(self, origin: Origin, first_chunk: int) -> list[Ledger]:
        """Return what the ledger says of the chunks of a partition from `first_chunk` on."""
        rows = self._clickhouse.rows(
            "SELECT _chunk, first, last, toUnixTimestamp64Milli(chunk_started_at), definitions, "
            f"accepted, corrected, duplicate, rejected, gaps FROM {self._database}.ledger FINAL "
            "WHERE _topic = %(topic)s AND _epoch = %(epoch)s AND _partition = %(partition)s "
            "AND _chunk >= %(chunk)s ORDER BY _chunk",
            {**_origin(origin), "chunk": first_chunk},
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

    def versions(
        self, kind: Kind, origin: Origin, first_chunk: int, chunk_size: int
    ) -> dict[int, int]:
        """Return the definitions the raw rows of chunks were folded with, from `first_chunk` on.

        No erasure may come after the start of `first_chunk`.
        """
        rows = self._clickhouse.rows(
            "SELECT greatest(_offset - modulo(_offset, %(size)s), %(from)s) AS chunk, min(_definitions) "
            f"FROM {self._database}.{kind.table} "
            "WHERE _topic = %(topic)s AND _epoch = %(epoch)s AND _partition = %(partition)s "
            "AND _offset >= %(from)s GROUP BY chunk",
            {**_origin(origin), "size": chunk_size, "from": first_chunk},
        )
        return dict(rows)

    def totals(self, origin: Origin, chunk: int) -> list[Total]:
        """Return the stored totals of one chunk."""
        values = ", ".join(DIMENSIONS)
        rows = self._clickhouse.rows(
            "SELECT measure, dimensions, toUnixTimestamp(slice_start) * 1000, bucket, n, _version, "
            f"attributes, {values} FROM {self._database}.slices FINAL "
            "WHERE _topic = %(topic)s AND _epoch = %(epoch)s AND _partition = %(partition)s "
            "AND _chunk = %(chunk)s",
            {**_origin(origin), "chunk": chunk},
        )
        totals = []
        for measure, names, slice_ms, bucket, n, version, attributes, *stored in rows:
            by_name = dict(zip(DIMENSIONS, stored, strict=True))
            by_name |= {ATTRIBUTE + name: value for name, value in attributes.items()}
            series = tuple(by_name.get(name, "") for name in names)
            cell = Cell(measure, tuple(names), series, slice_ms, bucket)
            totals.append(Total(cell, n, version))
        return totals

    def recent(
        self, kind: Kind, origin: Origin, before: int, limit: int
    ) -> tuple[dict[Identity, Known], bool]:
        """Return what was seen last before an offset, oldest first, and whether that is all."""
        rows = self._clickhouse.rows(
            self._known_sql(kind) + " ORDER BY last DESC LIMIT %(limit)s",
            {**_origin(origin), "before": before, "limit": limit + 1},
        )
        found = self._known(kind, reversed(rows[:limit]))
        return found, len(rows) <= limit

    def lookup(
        self,
        kind: Kind,
        origin: Origin,
        before: int,
        identities: Iterable[Identity],
        *,
        without: str = "",
    ) -> dict[Identity, Known]:
        """Return what was seen of some identities before an offset, but for one subject's records."""
        others = "AND _subject != %(without)s" if without else ""
        wanted = list(identities)
        found: dict[Identity, Known] = {}
        names = ", ".join(kind.identity)
        for start in range(0, len(wanted), _LOOKUP):
            rows = self._clickhouse.rows(
                self._known_sql(kind, f"AND ({names}) IN %(wanted)s {others}"),
                {
                    **_origin(origin),
                    "before": before,
                    "wanted": tuple(wanted[start : start + _LOOKUP]),
                    "without": without,
                },
                settings=_LONG_QUERY,
            )
            found |= self._known(kind, rows)
        return found

    def any_history(self, kind: Kind, origin: Origin, before: int) -> bool:
        """Return whether a topic with histories has any record before an offset."""
        if kind.topic not in HISTORY_KINDS:
            return False
        rows = self._clickhouse.rows(
            f"SELECT 1 FROM {self._database}.{kind.table} WHERE _topic = %(topic)s "
            "AND _epoch = %(epoch)s AND _partition = %(partition)s AND _offset < %(before)s LIMIT 1",
            {**_origin(origin), "before": before},
        )
        return bool(rows)

    def histories(
        self,
        kind: Kind,
        origin: Origin,
        before: int,
        subjects: Iterable[str],
        *,
        without: str = "",
    ) -> dict[str, list[Stored]]:
        """Return the events of some histories before an offset; the first of each identity stands.

        The history of an answer is every revision of it, also those that name somebody else. Records of
        the subject `without` are left out.
        """
        history = HISTORY_KINDS[kind.topic]
        names = history.event._fields
        times = {field.name for field in TABLES[kind.table].fields if field.kind == "time"}
        columns = ", ".join(
            f"toUnixTimestamp64Milli({name})" if name in times else name for name in names
        )
        where = (
            "_topic = %(topic)s AND _epoch = %(epoch)s AND _partition = %(partition)s "
            "AND _offset < %(before)s AND _subject != %(without)s"
        )
        table = f"{self._database}.{kind.table}"
        own = "_subject IN %(wanted)s"
        if kind.revision:
            answer = ", ".join(kind.identity)
            taken = f"({answer}) IN (SELECT {answer} FROM {table} WHERE {own} AND {where})"
        else:
            taken = f"{own} AND NOT is_test"
        wanted = list(subjects)
        found: dict[str, list[Stored]] = {}
        for start in range(0, len(wanted), _LOOKUP):
            rows = self._clickhouse.rows(
                f"SELECT _subject, _offset, _definitions, {columns} FROM {table} "
                f"WHERE {taken} AND {where} "
                f"ORDER BY _offset LIMIT 1 BY {', '.join(history.identity)}",
                {
                    **_origin(origin),
                    "before": before,
                    "without": without,
                    "wanted": tuple(wanted[start : start + _LOOKUP]),
                },
                settings=_LONG_QUERY,
            )
            chosen = set(wanted[start : start + _LOOKUP])
            records = [
                StoredRecord(subject, offset, definitions, dict(zip(names, values, strict=True)))
                for subject, offset, definitions, *values in rows
            ]
            found |= histories_of(kind, records, chosen)
        return found

    def _known_sql(self, kind: Kind, extra: str = "") -> str:
        names = ", ".join(kind.identity)
        revision = kind.revision or "toUInt64(1)"
        fields = ", ".join(_fields(kind))
        fields = fields.replace(kind.time, f"toUnixTimestamp64Milli({kind.time})", 1)
        subjects = "groupUniqArray(_subject)" if kind.revision else "emptyArrayString()"
        return (
            f"SELECT {names}, groupUniqArray({revision}) AS revisions, max({revision}) AS current, "
            f"argMax(tuple({fields}, _definitions), ({revision}, bitNot(_offset))) AS newest, "
            f"max(_offset) AS last, {subjects} FROM {self._database}.{kind.table} "
            "WHERE _topic = %(topic)s AND _epoch = %(epoch)s AND _partition = %(partition)s "
            f"AND _offset < %(before)s {extra} GROUP BY {names}"
        )

    def _known(self, kind: Kind, rows: Iterable[Sequence[Any]]) -> dict[Identity, Known]:
        width = len(kind.identity)
        fields = _fields(kind)
        found: dict[Identity, Known] = {}
        for row in rows:
            identity = tuple(row[:width])
            revisions, current, newest, last, subjects = row[width:]
            record = dict(zip(fields, newest[:-1], strict=True))
            cells = cells_of(kind, record, self.definitions(newest[-1]))
            found[identity] = Known(frozenset(revisions), current, cells, last, frozenset(subjects))
        return found


def _fields(kind: Kind) -> list[str]:
    """Return the fields a record's cells depend on."""
    table = TABLES[kind.table]
    wanted = [kind.time, kind.symbol, "is_test", "attributes", *DIMENSIONS]
    if kind.revision:
        wanted += [field for field in _ANSWER_FIELDS if field not in wanted]
    return [field for field in wanted if field in table.columns]


def _origin(origin: Origin) -> dict[str, Any]:
    topic, epoch, partition = origin
    return {"topic": topic, "epoch": epoch, "partition": partition}
