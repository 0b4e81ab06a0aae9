"""A partition that is ours, and what waits to be written of it besides what its fold holds."""

from __future__ import annotations

from dataclasses import dataclass, field

from streams.agents.flushing import Lot
from streams.agents.halting import RejectLimit
from streams.agents.opening import Opened
from streams.agents.replays import Replayed
from streams.batch import LogRecord, TopicPartition
from streams.fold.partition import PartitionFold, Rejected

__all__ = ["Owned"]


@dataclass(slots=True)
class Owned:
    """A partition that is ours."""

    opened: Opened
    limit: RejectLimit
    rejects: list[tuple[Rejected, LogRecord]] = field(default_factory=list)
    replayed: list[Replayed] = field(default_factory=list)

    @property
    def fold(self) -> PartitionFold:
        """Return its fold: another one after every erasure that was known before."""
        return self.opened.fold

    def drain(self, tp: TopicPartition) -> Lot | None:
        """Hand out everything that must become durable since the last call, None if that is nothing."""
        drained = self.fold.drain()
        if not drained:
            return None
        lot = Lot(tp, self.opened.origin, self.fold, drained, self.rejects, self.replayed)
        self.rejects, self.replayed = [], []
        return lot
