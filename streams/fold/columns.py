"""From folded rows to the columns ClickHouse takes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any

from schemas.facts import HORIZONS_MS
from schemas.measures import ATTRIBUTE, DIMENSIONS
from sinks.tables import Field, FieldKind, Table
from streams.fold.cells import Cell
from streams.fold.partition import ConversationRow, Folded, Ledger, RevisionRow, SliceRow
from streams.histories.conversations import Conversation
from streams.histories.events import attributes_of

__all__ = [
    "Columns",
    "Origin",
    "cell_values",
    "conversation_columns",
    "ledger_columns",
    "raw_columns",
    "revision_columns",
    "series_hash",
    "slice_columns",
]

#: Where rows come from: input topic, its epoch, its partition.
Origin = tuple[str, int, int]

Columns = list[list[Any]]

#: Dimensions a conversation has, in the order of its table.
_OF_CONVERSATION = (
    "touchpoint", "channel", "journey", "journey_stage", "team_id", "agent_id", "product", "region",
)  # fmt: skip


def raw_columns(table: Table, rows: Sequence[Folded], origin: Origin) -> Columns:
    """Return the columns of a raw table for rows of one partition."""
    columns = [_column(field, rows) for field in table.fields]
    topic, epoch, partition = origin
    n = len(rows)
    return [
        *columns,
        [topic] * n,
        [epoch] * n,
        [partition] * n,
        [row.offset for row in rows],
        [row.timestamp_ms for row in rows],
        [row.definitions for row in rows],
    ]


def conversation_columns(rows: Sequence[ConversationRow], origin: Origin) -> Columns:
    """Return the columns of `conversations` for rows of one partition."""
    topic, epoch, partition = origin
    found = [
        (
            *_who(row.subject),
            *_what(row.conversation),
            [fact.name for fact in row.facts],
            [fact.time_ms for fact in row.facts],
            [fact.value for fact in row.facts],
            topic,
            epoch,
            partition,
            row.version,
            row.definitions,
        )
        for row in rows
    ]
    return [list(column) for column in zip(*found, strict=True)]


def revision_columns(rows: Sequence[RevisionRow], origin: Origin) -> Columns:
    """Return the columns of `revisions` for rows of one partition."""
    topic, epoch, partition = origin
    found = [
        (
            fact.name,
            *conversation,
            fact.time_ms,
            fact.value,
            became,
            fact.time_ms + HORIZONS_MS[fact.name],
            row.timestamp_ms,
            topic,
            epoch,
            partition,
            row.offset,
            row.definitions,
        )
        for row in rows
        for conversation, fact, became in [row.overtaken]
    ]
    return [list(column) for column in zip(*found, strict=True)]


def slice_columns(rows: Sequence[SliceRow], origin: Origin) -> Columns:
    """Return the columns of `slices` for rows of one partition."""
    topic, epoch, partition = origin
    columns: Columns = [[] for _ in range(14 + len(DIMENSIONS))]
    for row in rows:
        cell, n, version = row.total
        for column, value in zip(
            columns,
            (
                *cell_values(cell),
                n,
                topic,
                epoch,
                partition,
                row.chunk,
                _day(row.first_timestamp_ms),
                version,
                row.definitions,
            ),
            strict=True,
        ):
            column.append(value)
    return columns


def cell_values(cell: Cell) -> tuple[Any, ...]:
    """Return the columns that name a cell, as `slices` begins with them."""
    values = dict(zip(cell.names, cell.dimensions, strict=True))
    return (
        cell.measure,
        series_hash(cell.measure, cell.names, cell.dimensions),
        list(cell.names),
        *(values.get(name, "") for name in DIMENSIONS),
        _attributes_of(values),
        cell.slice_ms // 1000,
        cell.bucket,
    )


def ledger_columns(ledgers: Sequence[Ledger], origin: Origin, worker: str) -> Columns:
    """Return the columns of `ledger`."""
    topic, epoch, partition = origin
    rows = [
        (
            topic,
            epoch,
            partition,
            ledger.chunk,
            ledger.first,
            ledger.last,
            ledger.read,
            ledger.fates["accepted"],
            ledger.fates["corrected"],
            ledger.fates["duplicate"],
            ledger.fates["rejected"],
            ledger.gaps,
            ledger.definitions,
            ledger.first_timestamp_ms,
            worker,
        )
        for ledger in ledgers
    ]
    return [list(column) for column in zip(*rows, strict=True)]


@lru_cache(maxsize=100_000)
def series_hash(measure: str, names: tuple[str, ...], values: tuple[str, ...]) -> int:
    """Return 128 bits that stand for a series: a measure with its dimensions.

    With a million series, two share a hash with a probability of about 1e-27.
    """
    parts = (measure, *names, *values)
    text = "".join(f"{len(part)}:{part}" for part in parts)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=16).digest(), "big")


def _attributes_of(dimensions: Mapping[str, str]) -> dict[str, str]:
    return {
        name.removeprefix(ATTRIBUTE): value
        for name, value in dimensions.items()
        if name.startswith(ATTRIBUTE)
    }


def _who(subject: str) -> tuple[str, str]:
    """Return customer_id and anonymous_id of a subject."""
    kind, _, name = subject.partition(":")
    return name if kind == "c" else "", name if kind == "a" else ""


def _what(found: Conversation) -> tuple[Any, ...]:
    dimensions = dict(found.dimensions)
    return (
        found.source,
        found.conversation_id,
        found.issue_id,
        found.contact_reason,
        found.state,
        *(dimensions.get(name, "") for name in _OF_CONVERSATION),
        _attributes_of(dimensions),
        found.start_ms,
        found.first_solve_ms,
        found.last_solve_ms,
        found.end_ms,
        found.events,
        found.customer_messages,
        found.replies,
        found.transfers,
        found.reopens,
    )


def _column(field: Field, rows: Sequence[Folded]) -> list[Any]:
    if field.kind == "attributes":
        return [dict(attributes_of(row.record)) for row in rows]
    convert = _CONVERT[field.kind]
    name = field.name
    return [convert(row.record[name]) for row in rows]


def _same(value: Any) -> Any:
    return value


def _text(value: str | None) -> str:
    return value or ""


_CONVERT: dict[FieldKind, Callable[[Any], Any]] = {
    "text": _text,
    "flag": _same,
    "number": _same,
    "time": _same,
    "list": list,
}


@lru_cache(maxsize=1024)
def _day(timestamp_ms: int) -> date:
    return datetime.fromtimestamp(timestamp_ms / 1000, UTC).date()
