"""How each partition of this worker is: running, waiting for something that passes, or stopped.

What is stopped says why and what to do. Kept in memory and written by the thread of the event loop;
read by the readiness endpoint, by whoever writes it to ClickHouse, and by the watchdog.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from streams.batch import TopicPartition

__all__ = ["Condition", "Conditions", "State"]

State = Literal["running", "waiting", "stopped"]


@dataclass(frozen=True, slots=True)
class Condition:
    """The state of one partition, since when (seconds since 1970), and for all but running: why.

    `reason` is a stable word for machines, `what` and `cure` are sentences for people.
    """

    state: State
    since_s: float
    reason: str = ""
    what: str = ""
    cure: str = ""


class Conditions:
    """The partitions this worker owns, and what holds up the worker as a whole.

    Args:
        now: Returns the seconds since 1970.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._partitions: dict[TopicPartition, Condition] = {}
        self._waiting: dict[str, Condition] = {}

    # -- partitions

    def running(self, tp: TopicPartition) -> None:
        """Say that a partition goes on."""
        known = self._partitions.get(tp)
        if known is None or known.state != "running":
            self._partitions[tp] = Condition("running", self._now())

    def stopped(self, tp: TopicPartition, *, reason: str, what: str, cure: str) -> None:
        """Say that a partition cannot go on: an alarm. Saying it again keeps since when."""
        self._put(tp, Condition("stopped", self._now(), reason, what, cure))

    def held(self, tp: TopicPartition, *, reason: str, what: str, cure: str) -> None:
        """Say that one partition waits for something that passes. Saying it again keeps since when."""
        self._put(tp, Condition("waiting", self._now(), reason, what, cure))

    def gone(self, tp: TopicPartition) -> None:
        """Say that a partition is somebody else's now."""
        self._partitions.pop(tp, None)

    def of(self, tp: TopicPartition) -> Condition | None:
        """Return how a partition is, None if it is not ours."""
        return self._partitions.get(tp)

    def partitions(self) -> dict[TopicPartition, Condition]:
        """Return how every partition of this worker is by itself."""
        return dict(self._partitions)

    def as_seen(self) -> dict[TopicPartition, Condition]:
        """Return how every partition looks from outside: what the worker waits for, all wait for."""
        waiting = min(self._waiting.values(), key=lambda one: one.since_s, default=None)
        if waiting is None:
            return dict(self._partitions)
        return {
            tp: waiting if condition.state == "running" else condition
            for tp, condition in self._partitions.items()
        }

    def _put(self, tp: TopicPartition, new: Condition) -> None:
        known = self._partitions.get(tp)
        told = None if known is None else (known.state, known.reason, known.what)
        if told != (new.state, new.reason, new.what):
            self._partitions[tp] = new

    # -- the worker

    def waits(self, *, reason: str, what: str, cure: str) -> None:
        """Say that the whole worker waits for something: ClickHouse, Kafka, the registry."""
        if reason not in self._waiting:
            self._waiting[reason] = Condition("waiting", self._now(), reason, what, cure)

    def goes_on(self, reason: str | None = None) -> None:
        """Say that it waits no more for what `reason` names, or for anything at all."""
        if reason is None:
            self._waiting.clear()
        else:
            self._waiting.pop(reason, None)

    def waiting(self) -> list[Condition]:
        """Return what the worker waits for."""
        return list(self._waiting.values())
