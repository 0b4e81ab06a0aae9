"""Why a partition stops although its records could be read: going on would be wrong.

Other partitions go on meanwhile. A stopped one is tried again now and then, since the cause may be cured
by then: a schema was registered, a deployment was rolled back, somebody allowed what stopped it.
"""

from __future__ import annotations

from collections.abc import Iterable

from streams.batch import TopicPartition

__all__ = ["Halt", "RejectLimit", "lost_records", "too_many_rejects", "unknown_schema"]


class Halt(Exception):
    """Stop a partition, and try it again after `again_s` seconds.

    `keep`: what was folded of it so far may be written. `alarm`: somebody has to do something.
    """

    def __init__(
        self, reason: str, what: str, cure: str, *, again_s: float, keep: bool, alarm: bool = True
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.what = what
        self.cure = cure
        self.again_s = again_s
        self.keep = keep
        self.alarm = alarm


class RejectLimit:
    """Counts rejects, so that a bad deployment stops a partition instead of emptying it into rejects.

    Args:
        run: Most rejects without a good record in between; 0 for no limit.
        share: Largest part of `window` records that may be rejected; 1 for no limit.
        window: Records over which the part is taken.
    """

    def __init__(self, run: int, share: float, window: int) -> None:
        self._most_in_a_row = run
        self._share = share
        self._window = window
        self._run = 0
        self._read = 0
        self._rejected = 0

    def add(self, offsets: Iterable[int], rejected: frozenset[int]) -> bool:
        """Count records in the order of the log; return whether there were too many rejects."""
        exceeded = False
        for offset in offsets:
            bad = offset in rejected
            self._run = self._run + 1 if bad else 0
            self._read += 1
            self._rejected += bad
            if self._most_in_a_row and self._run >= self._most_in_a_row:
                exceeded = True
            if self._read >= self._window:
                exceeded |= self._rejected > self._share * self._read
                self._read = self._rejected = 0
        return exceeded


def too_many_rejects(tp: TopicPartition, offset: int, reasons: Iterable[str]) -> Halt:
    """Return why a partition stops where too many records are rejected. `offset`: up to where."""
    named = ", ".join(sorted(set(reasons)))
    return Halt(
        "too_many_rejects",
        f"Too many records of {tp.topic}, partition {tp.partition}, cannot be counted ({named}); "
        f"reading stopped before offset {offset}.",
        "Mend what sends them (`earshot rejects list`), and reading goes on by itself. To have them "
        f"rejected all the same: `earshot resume {tp.topic}/{tp.partition} --accept rejects`.",
        again_s=10.0,
        keep=False,
    )


def lost_records(tp: TopicPartition, first: int, end: int) -> Halt:
    """Return why a partition stops whose next records Kafka has deleted: `first` to before `end`."""
    return Halt(
        "lost_records",
        f"Kafka has deleted the offsets {first} to {end - 1} of {tp.topic}, partition {tp.partition}, "
        "which were never read.",
        "If another copy of them exists, publish it again. To go on without them: "
        f"`earshot resume {tp.topic}/{tp.partition} --accept lost`.",
        again_s=10.0,
        keep=True,
    )


def unknown_schema(tp: TopicPartition, offset: int, detail: str, left_s: float) -> Halt:
    """Return why a partition waits for a schema that may be registered yet."""
    return Halt(
        "unknown_schema",
        f"{tp.topic}, partition {tp.partition}, offset {offset}: {detail}.",
        f"Register the schema. In {left_s:.0f} s the record is rejected, and reading goes on.",
        again_s=5.0,
        keep=True,
        alarm=False,
    )
