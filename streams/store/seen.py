"""What was seen before an offset: of an identity, and of a customer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from schemas.measures import DIMENSIONS
from sinks.tables import TABLES
from streams.fold.cells import Cell, cells_of
from streams.fold.columns import Origin
from streams.fold.customers import HISTORY_KINDS, Stored, StoredRecord, histories_of
from streams.fold.kinds import Identity, Kind
from streams.fold.known import Known
from streams.store.database import named
from streams.store.definitions import Definitions

__all__ = ["Seen"]

#: Identities in one look-up: keeps the query below a few hundred kilobytes.
_LOOKUP = 5_000

#: Names many ids: it needs room, and no place in the query log.
_LONG_QUERY = {"max_query_size": 64 * 1024 * 1024, "log_queries": 0}

_ANSWER_FIELDS = (
    "op", "dismissed", "completed", "metric", "survey_kind", "scale_min", "scale_max",
    "higher_is_better", "value_number",
)  # fmt: skip


class Seen(Definitions):
    """Identities and histories, as of an offset."""

    def recent(
        self, kind: Kind, origin: Origin, before: int, limit: int
    ) -> tuple[dict[Identity, Known], bool]:
        """Return what was seen last before an offset, oldest first, and whether that is all.

        Events are never taken back: what they added is not told.
        """
        rows = self._clickhouse.rows(
            self._known_sql(kind) + " ORDER BY last DESC LIMIT %(limit)s",
            {**named(origin), "before": before, "limit": limit + 1},
        )
        found = self._known(kind, reversed(rows[:limit]), cells=kind.revision is not None)
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
                    **named(origin),
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
            {**named(origin), "before": before},
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
                    **named(origin),
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

    def _known(
        self, kind: Kind, rows: Iterable[Sequence[Any]], *, cells: bool = True
    ) -> dict[Identity, Known]:
        width = len(kind.identity)
        fields = _fields(kind)
        found: dict[Identity, Known] = {}
        for row in rows:
            identity = tuple(row[:width])
            revisions, current, newest, last, subjects = row[width:]
            added: tuple[Cell, ...] = ()
            if cells:
                record = dict(zip(fields, newest[:-1], strict=True))
                added = cells_of(kind, record, self.definitions(newest[-1]))
            found[identity] = Known(frozenset(revisions), current, added, last, frozenset(subjects))
        return found


def _fields(kind: Kind) -> list[str]:
    """Return the fields a record's cells depend on."""
    table = TABLES[kind.table]
    wanted = [kind.time, kind.symbol, "is_test", "attributes", *DIMENSIONS]
    if kind.revision:
        wanted += [field for field in _ANSWER_FIELDS if field not in wanted]
    return [field for field in wanted if field in table.columns]
