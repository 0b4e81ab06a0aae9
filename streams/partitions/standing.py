"""One line for each partition, from what Kafka and ClickHouse say; either may be silent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from streams.batch import TopicPartition
from streams.partitions.log import Log, LogState
from streams.partitions.written import Told, Written, WrittenState

__all__ = ["Standing", "State", "standings"]

State = Literal["running", "behind", "waiting", "stopped", "no worker", "never read", "unknown"]


@dataclass(frozen=True, slots=True)
class Standing:
    """How one partition is. None is what nobody could say, or what never was.

    Attributes:
        state: `stopped` is an alarm; so is `waiting`, for something that passes. `behind` is a partition
            with records that came more than a minute ago and are not committed. `unknown` is left
            where Kafka does not answer.
    """

    topic: str
    partition: int
    epoch: int | None
    committed: int | None
    log_end: int | None
    lag: int | None
    flushed_at: datetime | None
    flushed_ago_s: float | None
    state: State
    reason: str = ""
    what: str = ""
    cure: str = ""
    since: datetime | None = None
    worker: str = ""

    @property
    def is_alarm(self) -> bool:
        """Whether somebody must, or may have to, do something."""
        return self.state in {"stopped", "waiting"}


def standings(log: Log | None, written: Written | None) -> list[Standing]:
    """Put together what Kafka and ClickHouse said, in the order of topics and partitions.

    Args:
        log: What Kafka said, None if it did not answer.
        written: What ClickHouse said, None if it did not answer.
    """
    tps: set[TopicPartition] = set(log.partitions) if log is not None else set()
    if written is not None and log is None:
        tps |= written.flushed.keys() | written.told.keys()
    return [
        _standing(
            tp,
            log.partitions.get(tp) if log is not None else None,
            written.flushed.get(tp) if written is not None else None,
            written.told.get(tp) if written is not None else None,
        )
        for tp in sorted(tps)
    ]


def _standing(
    tp: TopicPartition, log: LogState | None, flushed: WrittenState | None, told: Told | None
) -> Standing:
    state = _state(log, flushed, told)
    why = told if told is not None and state in {"stopped", "waiting"} else None
    return Standing(
        topic=tp.topic,
        partition=tp.partition,
        epoch=flushed.epoch if flushed is not None else None,
        committed=log.committed if log is not None else None,
        log_end=log.end if log is not None else None,
        lag=log.lag if log is not None else None,
        flushed_at=flushed.flushed_at if flushed is not None else None,
        flushed_ago_s=flushed.ago_s if flushed is not None else None,
        state=state,
        reason=why.reason if why is not None else "",
        what=why.what if why is not None else "",
        cure=why.cure if why is not None else "",
        since=why.since if why is not None else None,
        worker=why.worker if why is not None else "",
    )


def _state(log: LogState | None, flushed: WrittenState | None, told: Told | None) -> State:
    # An alarm outlives its worker: it stands until one says that the partition runs.
    if told is not None and told.state == "stopped":
        return "stopped"
    if log is not None and not log.has_worker:
        if log.committed is None and flushed is None:
            return "never read"
        if log.has_worker is False:
            return "no worker"
    if told is not None and told.state == "waiting":
        return "waiting"
    if log is None:
        return "unknown"
    return "behind" if log.is_behind else "running"
