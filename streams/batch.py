"""What a fetch hands over: one batch, with a run of consecutive records for each partition."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

__all__ = ["Batch", "LogRecord", "Run", "TopicPartition"]


class TopicPartition(NamedTuple):
    """One partition of one topic."""

    topic: str
    partition: int

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}"


class LogRecord(Protocol):
    """One record of the log, as the Kafka client gives it. `timestamp` is in milliseconds."""

    @property
    def offset(self) -> int:
        """Offset in the partition."""

    @property
    def timestamp(self) -> int:
        """Broker timestamp."""

    @property
    def key(self) -> bytes | None:
        """Key."""

    @property
    def value(self) -> bytes | None:
        """Value; None for a tombstone."""

    @property
    def headers(self) -> Sequence[tuple[str, bytes]]:
        """Headers."""


@dataclass(frozen=True, slots=True)
class Run:
    """Records of one partition, in order.

    `start` is where reading stood before: the offset after the last record of the run before this
    one. A fold that stands elsewhere has missed a run, and reads again.
    """

    tp: TopicPartition
    start: int
    records: Sequence[LogRecord]


@dataclass(frozen=True, slots=True)
class Batch:
    """The runs of one fetch, and the generation of the consumer group it belongs to."""

    generation: int
    runs: tuple[Run, ...]

    def __len__(self) -> int:
        return sum(len(run.records) for run in self.runs)
