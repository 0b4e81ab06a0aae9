"""What a record that is sent again after it was rejected leaves behind. Pure: a function of the log."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from streams.batch import LogRecord, TopicPartition
from streams.fold.columns import Columns
from streams.rejecting.headers import ReplayOf, named_by

__all__ = ["ReplayOf", "Replayed", "belongs", "outcome_columns", "replay_of"]

#: Of several replays of one record the first one counts, so precedence falls as the offset grows.
_HIGHEST = 2**64 - 1

_COUNTED = frozenset({"accepted", "corrected", "duplicate"})


class Replayed(NamedTuple):
    """A replay that got its fate: what it is a replay of, where it stands, and the fate."""

    of: ReplayOf
    tp: TopicPartition
    epoch: int
    offset: int
    timestamp_ms: int
    fate: str


def replay_of(record: LogRecord) -> ReplayOf | None:
    """Return what a record says it is a replay of. None if it says nothing, or nothing readable.

    Anybody can send these headers: hold the answer against where the record stands, by `belongs`.
    """
    return named_by(record.headers) if record.headers else None


def belongs(of: ReplayOf, tp: TopicPartition, epoch: int, offset: int) -> bool:
    """Return whether a record that stands here can be a replay of that one.

    A replay goes to the topic and partition of the record, so it lies behind it there.
    """
    return (of.topic, of.partition) == tp and (of.epoch, of.offset) < (epoch, offset)


def outcome_columns(replayed: Iterable[Replayed]) -> Columns:
    """Return the columns of the table `reject_outcomes`: a row for each replay that was counted.

    Left out: what was rejected again, since it stands in `rejects`, and what cannot be a replay of the
    record it names. No columns if nothing is left.
    """
    rows = [
        (
            of.topic,
            of.epoch,
            of.partition,
            of.offset,
            "replayed",
            fate,
            epoch,
            tp.partition,
            offset,
            of.replays,
            timestamp_ms,
            "",
            _HIGHEST - offset,
        )
        for of, tp, epoch, offset, timestamp_ms, fate in replayed
        if fate in _COUNTED and belongs(of, tp, epoch, offset)
    ]
    return [list(column) for column in zip(*rows, strict=True)]
