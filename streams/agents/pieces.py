"""A run of records, cut where an erasure stands between them: a flush comes before each of those."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from streams.batch import LogRecord
from streams.fold.erasing import Erasure, ErasureRecord, control_of
from streams.fold.rejection import Rejection

__all__ = ["erasure_of", "pieces_of", "refused"]


def pieces_of(
    records: Sequence[LogRecord], position: int
) -> Iterator[Sequence[LogRecord] | ErasureRecord]:
    """Yield records in order, from a position on; none that lie before it, and no empty piece."""
    piece: list[LogRecord] = []
    for record in records:
        if record.offset < position:
            continue
        erasure = erasure_of(record)
        if erasure is None:
            piece.append(record)
            continue
        if piece:
            yield piece
            piece = []
        yield erasure
    if piece:
        yield piece


def erasure_of(record: LogRecord) -> ErasureRecord | None:
    """Return the erasure a record asks for, or None."""
    control = _control(record)
    if isinstance(control, Erasure):
        return ErasureRecord(record.offset, record.timestamp, control)
    return None


def refused(record: LogRecord) -> Rejection | None:
    """Return why a record that asks for an erasure is not followed, or None."""
    control = _control(record)
    return control if isinstance(control, Rejection) else None


def _control(record: LogRecord) -> Erasure | Rejection | None:
    if record.value is not None or not record.headers:
        return None
    return control_of(record.key, record.headers)
