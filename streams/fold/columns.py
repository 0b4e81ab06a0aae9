"""From folded rows to the columns ClickHouse takes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any

from schemas.measures import DIMENSIONS
from sinks.tables import Field, FieldKind, Table
from streams.fold.partition import Folded, Ledger, SliceRow

__all__ = ["Columns", "Origin", "ledger_columns", "raw_columns", "series_hash", "slice_columns"]

#: Where rows come from: input topic, its epoch, its partition.
Origin = tuple[str, int, int]

Columns = list[list[Any]]


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


def slice_columns(rows: Sequence[SliceRow], origin: Origin) -> Columns:
    """Return the columns of `slices` for rows of one partition."""
    topic, epoch, partition = origin
    columns: Columns = [[] for _ in range(13 + len(DIMENSIONS))]
    for row in rows:
        cell, n, version = row.total
        values = dict(zip(cell.names, cell.dimensions, strict=True))
        for column, value in zip(
            columns,
            (
                cell.measure,
                series_hash(cell.measure, cell.names, cell.dimensions),
                list(cell.names),
                *(values.get(name, "") for name in DIMENSIONS),
                cell.slice_ms // 1000,
                cell.bucket,
                n,
                topic,
                epoch,
                partition,
                row.chunk,
                _day(row.first_timestamp_ms),
                version,
                row.definitions,
            ),
            strict=False,
        ):
            column.append(value)
    return columns


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


def _column(field: Field, rows: Sequence[Folded]) -> list[Any]:
    convert = _CONVERT[field.kind]
    name = field.name
    return [convert(row.record[name]) for row in rows]


def _same(value: Any) -> Any:
    return value


def _text(value: str | None) -> str:
    return value or ""


def _attributes(pairs: Sequence[Mapping[str, str]]) -> dict[str, str]:
    return {pair["name"]: pair["value"] for pair in pairs}


_CONVERT: dict[FieldKind, Callable[[Any], Any]] = {
    "text": _text,
    "flag": _same,
    "number": _same,
    "time": _same,
    "list": list,
    "attributes": _attributes,
}


@lru_cache(maxsize=1024)
def _day(timestamp_ms: int) -> date:
    return datetime.fromtimestamp(timestamp_ms / 1000, UTC).date()
