"""Which partitions have stopped, and when each is tried again."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import structlog

from streams.agents.halting import Halt
from streams.batch import TopicPartition
from streams.conditions import Conditions

__all__ = ["Halted"]

log = structlog.get_logger(__name__)


class Halted:
    """The partitions that have stopped.

    Args:
        conditions: Where it is told why.
        now: Returns seconds that only ever grow.
    """

    def __init__(self, conditions: Conditions, now: Callable[[], float]) -> None:
        self._conditions = conditions
        self._now = now
        self._again_at: dict[TopicPartition, float] = {}

    def __contains__(self, tp: TopicPartition) -> bool:
        return tp in self._again_at

    def __iter__(self) -> Iterator[TopicPartition]:
        return iter(self._again_at)

    def add(self, tp: TopicPartition, halt: Halt) -> None:
        """Note that a partition stops, and tell why. The log is told once, however often it stops."""
        say = log.error if halt.alarm else log.warning
        before = self._conditions.of(tp)
        if before is None or before.reason != halt.reason:
            say("partition_stopped", topic=tp.topic, partition=tp.partition, reason=halt.reason,
                what=halt.what, cure=halt.cure)  # fmt: skip
        tell = self._conditions.stopped if halt.alarm else self._conditions.held
        tell(tp, reason=halt.reason, what=halt.what, cure=halt.cure)
        self._again_at[tp] = self._now() + halt.again_s

    def due(self) -> list[TopicPartition]:
        """Return the partitions that stopped long enough ago to be tried again."""
        now = self._now()
        return [tp for tp, at in self._again_at.items() if at <= now]

    def discard(self, tp: TopicPartition) -> None:
        """Forget that a partition has stopped, if it has."""
        self._again_at.pop(tp, None)
