"""How far a worker is in one partition."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Progress", "readable_end"]


@dataclass(frozen=True, slots=True)
class Progress:
    """Offsets of one partition. Each is that of the next record: everything below it is done.

    Attributes:
        start: Where reading began, the first offset of a chunk.
        position: Handed over by the consumer.
        fetched: Where the client reads next, which may be after markers of transactions; None if
            that is `position`.
        log_end: End of what can be read, None before the first fetch said.
        durable: Durable in every table, None before the first flush.
        committed: Committed to Kafka, None if nothing ever was.
    """

    start: int
    position: int
    fetched: int | None = None
    log_end: int | None = None
    durable: int | None = None
    committed: int | None = None

    @property
    def lag(self) -> int:
        """How many offsets are not durable yet, as far as is known.

        >>> Progress(start=64, position=90, log_end=100, committed=70).lag
        30
        >>> Progress(start=64, position=64, log_end=70, committed=70).lag
        0
        """
        done = max(self.start, self.durable or 0, self.committed or 0)
        return max(0, max(self.position, self.log_end or 0) - done)


def readable_end(position: int, fetched: int | None, end: int | None) -> int | None:
    """Return where the log ends for who wants records.

    A log may end with markers of transactions, which are offsets and no records: the client passes
    them by, and hands over nothing.

    Args:
        position: The offset after the last record that was handed over.
        fetched: Where the client reads next.
        end: The last stable offset, None if no fetch said.

    >>> readable_end(90, 90, 100), readable_end(98, 100, 100), readable_end(0, 0, None)
    (100, 98, None)
    """
    if end is None or end < 0:
        return None
    return position if (position if fetched is None else fetched) >= end else end
