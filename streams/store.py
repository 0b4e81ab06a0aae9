"""What the worker reads from and writes to ClickHouse. Blocking: run it in a thread.

State is a query as of an offset: there is no second copy of it to corrupt.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

from schemas.definitions import parse_measures
from schemas.errors import SinkError
from schemas.measures import DIMENSIONS, Measures
from sinks.clickhouse import ClickHouse
from sinks.tables import TABLES
from streams.epochs import Epoch
from streams.fold.cells import cells_of
from streams.fold.columns import Columns, Origin
from streams.fold.customers import HISTORY_KINDS, Stored, StoredRecord, histories_of
from streams.fold.kinds import Identity, Kind
from streams.fold.known import Known
from streams.fold.rejection import OUTER_REASONS, Rejection
from streams.fold.rows import FATES, Decoded, Ledger

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

    # -- epochs

    def epochs(self) -> list[Epoch]:
        """Return all incarnations and replays of the input topics."""
        rows = self._clickhouse.rows(
            f"SELECT topic, epoch, topic_id, chunk, state FROM {self._database}.epochs FINAL "
            "ORDER BY topic, epoch"
        )
        return [Epoch(*row) for row in rows]

    def write_epochs(self, epochs: list[Epoch], changed_at: float) -> None:
        """Write the states of some epochs: readers see all of them change, or none."""
        rows = [
            (one.topic, one.number, one.topic_id, one.chunk, one.state, int(changed_at * 1e6))
            for one in epochs
        ]
        self.write("epochs", [list(column) for column in zip(*rows, strict=True)])

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

    def ledger_end(self, origin: Origin) -> int | None:
        """Return the offset up to which the ledger accounts for a partition, None if nowhere."""
        rows = self._clickhouse.rows(
            f"SELECT maxOrNull(last) FROM {self._database}.ledger WHERE _topic = %(topic)s "
            "AND _epoch = %(epoch)s AND _partition = %(partition)s",
            _origin(origin),
        )
        return None if rows[0][0] is None else int(rows[0][0]) + 1

    def allowed(self, origin: Origin, accepts: str) -> int:
        """Return the offset before which an operator accepts rejects (`rejects`) or a loss (`lost`)."""
        rows = self._clickhouse.rows(
            f"SELECT max(until) FROM {self._database}.allowances WHERE topic = %(topic)s "
            "AND epoch = %(epoch)s AND partition = %(partition)s AND accepts = %(accepts)s",
            {**_origin(origin), "accepts": accepts},
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
            {**_origin(origin), "first": first, "before": before},
        )
        return [
            Decoded(
                offset,
                timestamp_ms,
                {field.name: value for field, value in zip(fields, values, strict=True)},
            )
            for offset, timestamp_ms, *values in rows
        ]

    def bound(self, origin: Origin, first: int) -> dict[int, Rejection]:
        """Return the records from an offset on that were refused for what lies outside of the log.

        They might be accepted by now. But rows of records after them were written, so they stay refused.
        """
        rows = self._clickhouse.rows(
            f"SELECT _offset, any(reason), any(detail) FROM {self._database}.rejects "
            "WHERE _topic = %(topic)s AND _epoch = %(epoch)s AND _partition = %(partition)s "
            "AND _offset >= %(first)s AND reason IN %(reasons)s GROUP BY _offset",
            {**_origin(origin), "first": first, "reasons": OUTER_REASONS},
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
            {**_origin(origin), "size": chunk_size, "from": first_chunk},
        )
        return dict(rows)

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
