"""What the intake asks of whoever reads the log for it, and of whoever numbers the epochs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from streams.batch import LogRecord, TopicPartition

__all__ = ["Numbering", "Positions"]


class Positions(Protocol):
    """The consumer, as far as the intake steers it."""

    def mark_durable(self, tp: TopicPartition, position: int) -> None:
        """Say that all records below `position` are durable."""
        ...

    def owns(self, tp: TopicPartition) -> bool:
        """Return whether a partition is ours."""
        ...

    def began(self) -> Mapping[TopicPartition, int]:
        """Return the partitions that are ours, and the offset each is read from."""
        ...

    def committed(self, tp: TopicPartition) -> int | None:
        """Return the offset that was committed, None if there is none."""
        ...

    def log_began(self, tp: TopicPartition) -> int | None:
        """Return the first offset the log held when the partition became ours, None if not known."""
        ...

    async def log_start(self, tp: TopicPartition) -> int:
        """Return the first offset the log holds now. Slow: it is asked in turn with fetching."""
        ...

    async def rewind(self, tp: TopicPartition, offset: int) -> None:
        """Read a partition again from `offset`, whatever was committed of it."""
        ...

    async def pause(self, tp: TopicPartition) -> None:
        """Read nothing of a partition."""
        ...

    async def resume(self, tp: TopicPartition) -> None:
        """Read a paused partition again."""
        ...

    async def record_at(self, tp: TopicPartition, offset: int) -> LogRecord | None:
        """Return one record, whoever owns the partition; None if the log does not keep it any more."""
        ...


class Numbering(Protocol):
    """The epochs of the input topics."""

    def epoch(self, topic: str) -> int:
        """Return the epoch of a topic."""
        ...

    def refresh(self) -> set[str]:
        """Ask again; return the topics that have another epoch now. Blocking."""
        ...
