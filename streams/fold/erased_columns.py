"""From an erasure to the columns of `erasures`, `erased_counts` and `slices`. None holds the id."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from streams.fold.chunks import Total
from streams.fold.columns import Columns, Origin, cell_values, slice_columns
from streams.fold.erasing import FORGOTTEN, ErasureRecord, Trace
from streams.fold.partition import SliceRow

__all__ = ["erased_columns", "erasure_columns", "forgotten_columns"]


def erasure_columns(trace: Trace, record: ErasureRecord, origin: Origin) -> Columns:
    """Return the columns of `erasures`: the one row that says an erasure took place."""
    erasure = record.erasure
    return _columns(
        [
            (
                *origin,
                record.offset,
                erasure.request,
                erasure.kind,
                erasure.mode,
                record.timestamp_ms,
                trace.rows,
                len(trace.cells),
            )
        ]
    )


def erased_columns(trace: Trace, record: ErasureRecord, origin: Origin) -> Columns:
    """Return the columns of `erased_counts`: what the subject had added."""
    behind = (record.erasure.mode, *origin, record.offset, trace.definitions)
    return _columns([(*cell_values(cell), n, *behind) for cell, n in trace.cells.items()])


def forgotten_columns(trace: Trace, record: ErasureRecord, origin: Origin) -> Columns:
    """Return the columns of `slices` that take back what the subject had added.

    Their topic is none of the log, so no chunk of the partition has the same key.
    """
    topic, epoch, partition = origin
    rows = [
        SliceRow(
            record.offset, record.timestamp_ms, trace.definitions, Total(cell, -n, record.offset)
        )
        for cell, n in trace.cells.items()
    ]
    return slice_columns(rows, (topic + FORGOTTEN, epoch, partition))


def _columns(rows: Sequence[tuple[Any, ...]]) -> Columns:
    return [list(column) for column in zip(*rows, strict=True)]
