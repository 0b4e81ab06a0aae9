"""What one customer left in ClickHouse: look it up, and delete it. Blocking: run it in a thread.

No mutation names the customer. ClickHouse keeps the text of mutations; so rows are looked up by the id,
in queries that are not logged, and deleted by their offsets.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sinks.clickhouse import ClickHouse
from streams.fold.columns import Origin
from streams.fold.customers import HISTORY_KINDS, Customer
from streams.fold.erasing import Erasure, Trace, contribution
from streams.fold.kinds import Kind
from streams.store import Store

__all__ = ["Traces"]

_WHERE = "_topic = %(topic)s AND _epoch = %(epoch)s AND _partition = %(partition)s"

_UNLOGGED = {"log_queries": 0}

#: Wait until all replicas have done it. A wait that takes too long ends, and is begun again.
_AT_ONCE = {"mutations_sync": 2}

#: Rows one mutation names.
_MOST = 5_000


class Traces:
    """The rows of customers in one database."""

    def __init__(self, clickhouse: ClickHouse, store: Store) -> None:
        self._clickhouse = clickhouse
        self._store = store
        self._database = clickhouse.address.database

    def read(self, kind: Kind, origin: Origin, before: int, subject: str) -> Trace:
        """Return what a subject left in a partition before an offset."""
        names = ", ".join(kind.identity)
        revision = kind.revision or "toUInt64(1)"
        table = f"{self._database}.{kind.table}"
        where = f"{_WHERE} AND _offset < %(before)s AND _subject = %(subject)s"
        params = {**_params(origin, before), "subject": subject}
        ((rows, definitions),) = self._rows(
            f"SELECT uniqExact({names}, {revision}), max(_definitions) FROM {table} WHERE {where}",
            params,
        )
        if not rows:
            return Trace(0, {}, 0, {})
        identities = self._rows(f"SELECT DISTINCT {names} FROM {table} WHERE {where}", params)
        known = self._store.lookup(kind, origin, before, identities)
        left = self._store.lookup(kind, origin, before, identities, without=subject)
        remaining = {identity: left.get(identity) for identity in known}
        others = frozenset(name for one in known.values() for name in one.subjects) - {subject}
        cells = contribution(
            known.values(),
            remaining.values(),
            self._histories(kind, origin, before, others | {subject}),
            self._histories(kind, origin, before, others, without=subject),
        )
        return Trace(rows, cells, definitions, remaining, others)

    def marked(self, origin: Origin, offset: int) -> bool:
        """Return whether an erasure is written down. Only then may rows be missing."""
        rows = self._rows(
            f"SELECT 1 FROM {self._database}.erasures WHERE {_WHERE} AND _offset = %(before)s LIMIT 1",
            _params(origin, offset),
        )
        return bool(rows)

    def places_of(self, kind: Kind, topic: str, epochs: Iterable[int]) -> list[Origin]:
        """Return the partitions of some epochs of a topic that anything is stored of, in order."""
        tables = ["ledger", "rejects", kind.table]
        if kind.topic == "feedback.interactions":
            tables += ["conversations", "revisions"]
        union = " UNION DISTINCT ".join(
            f"SELECT DISTINCT _topic, _epoch, _partition FROM {self._database}.{table} "
            "WHERE _topic = %(topic)s AND _epoch IN %(epochs)s"
            for table in tables
        )
        rows = self._rows(union, {"topic": topic, "epochs": tuple(epochs)})
        return sorted((topic, epoch, partition) for topic, epoch, partition in rows)

    def delete(self, kind: Kind, origin: Origin, before: int, erasure: Erasure) -> None:
        """Delete the rows of a subject in a partition before an offset. May be repeated.

        The raw rows go last: what else is to go is found by them.
        """
        params = {**_params(origin, before), "subject": erasure.subject, "key": erasure.key.hex()}
        if kind.topic == "feedback.interactions":
            whose = "anonymous_id = %(id)s AND customer_id = ''"
            if erasure.kind == "customer":
                whose = "customer_id = %(id)s"
            conversations = self._rows(
                f"SELECT DISTINCT sipHash64(source, conversation_id) FROM {self._database}.{kind.table} "
                f"WHERE {_WHERE} AND _offset < %(before)s AND _subject = %(subject)s UNION DISTINCT "
                f"SELECT sipHash64(source, conversation_id) FROM {self._database}.conversations "
                f"WHERE {_WHERE} AND _version < %(before)s AND {whose}",
                {**params, "id": erasure.key.decode()},
            )
            # One that two subjects share goes as well: which of them its row is of is chance.
            of_conversation = "sipHash64(source, conversation_id)"
            for table, offset in (("conversations", "_version"), ("revisions", "_offset")):
                self._delete(table, offset, params, of_conversation, _firsts(conversations))
        # The key alone: a rejected value may not be readable. It does not say which kind of id it is, so
        # records of an anonymous customer with the same id go as well. Better too many than the id left.
        of_key = self._rows(
            f"SELECT DISTINCT _offset FROM {self._database}.rejects "
            f"WHERE {_WHERE} AND _offset < %(before)s AND key = unhex(%(key)s)",
            params,
        )
        self._delete("rejects", "_offset", params, "_offset", _firsts(of_key))
        of_subject = self._rows(
            f"SELECT DISTINCT _offset FROM {self._database}.{kind.table} "
            f"WHERE {_WHERE} AND _offset < %(before)s AND _subject = %(subject)s",
            params,
        )
        self._delete(kind.table, "_offset", params, "_offset", _firsts(of_subject))

    def _delete(
        self, table: str, offset: str, params: dict[str, Any], name: str, values: Sequence[int]
    ) -> None:
        """Delete the rows before the offset in which an expression has one of some values."""
        where = f"{_WHERE} AND {offset} < %(before)s AND {name} IN %(values)s"
        named = {key: params[key] for key in ("topic", "epoch", "partition", "before")}
        for some in _batches(values):
            found = self._rows(
                f"SELECT 1 FROM {self._database}.{table} WHERE {where} LIMIT 1",
                {**named, "values": some},
            )
            # A mutation looks at every part of the table: none is made for nothing.
            if found:
                self._clickhouse.rows(
                    f"ALTER TABLE {self._database}.{table} DELETE WHERE {where}",
                    {**named, "values": some},
                    settings=_AT_ONCE,
                )

    def _histories(
        self,
        kind: Kind,
        origin: Origin,
        before: int,
        subjects: Iterable[str],
        *,
        without: str = "",
    ) -> list[Customer]:
        history = HISTORY_KINDS.get(kind.topic)
        if history is None:
            return []
        found = self._store.histories(kind, origin, before, subjects, without=without)
        return [
            Customer.restored(history, stored, self._store.definitions) for stored in found.values()
        ]

    def _rows(self, sql: str, params: dict[str, Any]) -> list[tuple[Any, ...]]:
        return self._clickhouse.rows(sql, params, settings=_UNLOGGED)


def _firsts(rows: Iterable[tuple[Any, ...]]) -> list[int]:
    return sorted(row[0] for row in rows)


def _batches(values: Sequence[int]) -> Iterator[tuple[int, ...]]:
    for start in range(0, len(values), _MOST):
        yield tuple(values[start : start + _MOST])


def _params(origin: Origin, before: int) -> dict[str, Any]:
    topic, epoch, partition = origin
    return {"topic": topic, "epoch": epoch, "partition": partition, "before": before}
