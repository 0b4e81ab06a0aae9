"""Notice a partition that has records left and does not move, for no reason anybody knows.

Pure: what time it is, and how far each partition is, are handed to it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from schemas.errors import StreamError
from streams.batch import TopicPartition
from streams.conditions import Conditions
from streams.progress import Progress

__all__ = ["Stall", "Stalled", "Watchdog"]

#: The most that passes between two looks, as a share of the limit. A process that was frozen in
#: between (a paused machine, a debugger) gets the time to move before it is called stalled.
_MOST_OF_ONE_LOOK = 0.5


@dataclass(frozen=True, slots=True)
class Stall:
    """A partition that does not move, and for how many seconds of looking it has not."""

    tp: TopicPartition
    progress: Progress
    still_s: float


class Stalled(StreamError):
    """The worker ends because a partition does not move. A supervisor starts it again."""

    exit_code = 1

    def __init__(self, stall: Stall) -> None:
        self.stall = stall
        super().__init__(
            f"{stall.tp} has not moved from offset {stall.progress.position} for {stall.still_s:.0f} s, "
            f"although {stall.progress.lag} offsets are left.",
            cure="Nothing is lost: start the worker again, or let a supervisor do it. If it comes back, "
            "please report it with the log.",
        )


class Watchdog:
    """Remembers how long each partition stood still with something left to do.

    A partition may stand still if it has no lag, is stopped with an alarm, or while the worker waits
    for something known; the count begins anew after each of these, and whenever any of its offsets
    changes, in whatever direction.

    Args:
        stall_s: Seconds without moving that are a stall.
        now: Returns seconds of a clock that is never set, `time.monotonic`.
    """

    def __init__(self, stall_s: float, now: Callable[[], float]) -> None:
        self._stall_s = stall_s
        self._now = now
        self._looked_at = now()
        self._seen: dict[TopicPartition, tuple[int, int | None, int | None]] = {}
        self._still_s: dict[TopicPartition, float] = {}

    def look(
        self, positions: Mapping[TopicPartition, Progress], conditions: Conditions
    ) -> Stall | None:
        """Compare with the look before; return the partition that stood still longest, if too long."""
        now = self._now()
        passed = min(now - self._looked_at, self._stall_s * _MOST_OF_ONE_LOOK)
        self._looked_at = now
        seen, self._seen = self._seen, {}
        still, self._still_s = self._still_s, {}
        for tp, progress in positions.items():
            offsets = (progress.position, progress.durable, progress.committed)
            self._seen[tp] = offsets
            if progress.lag and not _may_stand(tp, conditions):
                # Counted from the first look that saw it like this: what came before is not known.
                stood = tp in still and seen[tp] == offsets
                self._still_s[tp] = still[tp] + passed if stood else 0.0
        worst = max(self._still_s, key=lambda tp: self._still_s[tp], default=None)
        if worst is None or self._still_s[worst] < self._stall_s:
            return None
        return Stall(worst, positions[worst], self._still_s[worst])


def _may_stand(tp: TopicPartition, conditions: Conditions) -> bool:
    condition = conditions.of(tp)
    return bool(conditions.waiting()) or (condition is not None and condition.state != "running")
