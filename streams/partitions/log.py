"""What Kafka says: where logs end, what is committed, and which partitions have a worker."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from kafka import TopicPartition as KafkaPartition
from kafka.admin import KafkaAdminClient, OffsetSpec
from kafka.errors import GroupIdNotFoundError, RetriableError
from kafka.protocol.consumer import IsolationLevel

from schemas.catalog import INPUTS
from schemas.errors import StreamError
from streams.batch import TopicPartition
from streams.brokers import admin_of

__all__ = ["FRESH_S", "Log", "LogState", "ask_kafka"]

#: A worker is not behind while all it has not committed came within so many seconds.
FRESH_S = 60.0

_PAUSE_S = 0.2


@dataclass(frozen=True, slots=True)
class LogState:
    """One partition. Offsets are those of the next record.

    Attributes:
        committed: What the group committed, None if it never did.
        start: First offset the log still holds.
        end: End of the log for a reader of committed transactions.
        fresh_from: The first record that came within `FRESH_S`; `end` if none did.
        has_worker: Whether a worker owns it, None while the group sorts itself.
    """

    committed: int | None
    start: int
    end: int
    fresh_from: int
    has_worker: bool | None

    @property
    def lag(self) -> int:
        """Offsets the log holds and nobody committed.

        >>> LogState(None, 10, 100, 100, True).lag, LogState(70, 10, 100, 90, True).lag
        (90, 30)
        """
        return max(0, self.end - self._next)

    @property
    def is_behind(self) -> bool:
        """Whether something waits that came longer than `FRESH_S` ago.

        >>> LogState(70, 10, 100, 90, True).is_behind, LogState(70, 10, 100, 70, True).is_behind
        (True, False)
        """
        return self.lag > 0 and self._next < self.fresh_from

    @property
    def _next(self) -> int:
        return max(self.committed or 0, self.start)


@dataclass(frozen=True, slots=True)
class Log:
    """All partitions of the input topics, and the input topics there are not."""

    partitions: Mapping[TopicPartition, LogState]
    missing: tuple[str, ...] = ()


def ask_kafka(brokers: str, group: str, *, now_s: float, limit_s: float) -> Log:
    """Ask a broker how far a group is in the input topics.

    Args:
        brokers: Bootstrap servers.
        group: Consumer group of the workers.
        now_s: Seconds since 1970.
        limit_s: Seconds one answer may take.

    Raises:
        StreamError: It does not answer, or refuses.
    """
    with admin_of(brokers, limit_s=limit_s) as admin:
        found = {
            entry["name"]: [
                KafkaPartition(entry["name"], partition["partition_index"])
                for partition in entry["partitions"]
            ]
            for entry in admin.describe_topics([topic.name for topic in INPUTS])
            if not entry.get("error_code")
        }
        tps = [tp for partitions in found.values() for tp in partitions]
        starts = _offsets(admin, tps, OffsetSpec.EARLIEST)
        ends = _offsets(admin, tps, OffsetSpec.LATEST)
        fresh = _offsets(admin, tps, int((now_s - FRESH_S) * 1000))
        committed, owned = _of_group(admin, group, brokers, limit_s)
    states = {}
    for tp in sorted(tps):
        state = LogState(
            committed=committed.get(tp),
            start=starts[tp],
            end=ends[tp],
            fresh_from=fresh[tp] if fresh[tp] >= 0 else ends[tp],
            has_worker=None if owned is None else tp in owned,
        )
        states[TopicPartition(tp.topic, tp.partition)] = state
    return Log(states, tuple(topic.name for topic in INPUTS if topic.name not in found))


def _offsets(
    admin: KafkaAdminClient, tps: Iterable[KafkaPartition], spec: int
) -> dict[KafkaPartition, int]:
    wanted = dict.fromkeys(tps, spec)
    if not wanted:
        return {}
    found = admin.list_partition_offsets(wanted, IsolationLevel.READ_COMMITTED)
    return {tp: entry.offset for tp, entry in found.items()}


def _of_group(
    admin: KafkaAdminClient, group: str, brokers: str, limit_s: float
) -> tuple[dict[KafkaPartition, int], set[KafkaPartition] | None]:
    """Return what a group committed and owns. The first question about any makes a new broker busy."""
    deadline = time.monotonic() + limit_s
    while True:
        try:
            return _committed(admin, group), _owned(admin, group)
        except RetriableError as error:
            if time.monotonic() > deadline:
                raise StreamError(
                    f"The broker at {brokers} is not ready to speak of groups ({type(error).__name__}).",
                    cure="Ask again in a minute.",
                ) from None
        time.sleep(_PAUSE_S)


def _committed(admin: KafkaAdminClient, group: str) -> dict[KafkaPartition, int]:
    try:
        found = admin.list_group_offsets(group).get(group, {})
    except GroupIdNotFoundError:
        return {}
    return {tp: entry.offset for tp, entry in found.items() if entry.offset >= 0}


def _owned(admin: KafkaAdminClient, group: str) -> set[KafkaPartition] | None:
    """Return the partitions somebody reads, None while the group shares them out or may not be seen."""
    told: Mapping[str, Any] = admin.describe_groups([group])[group]
    state = str(told.get("group_state", ""))
    if state not in {"Stable", "Empty", "Dead"}:
        return None
    owned = set()
    for member in told.get("members", ()):
        assignment = member["member_assignment"]
        if isinstance(assignment, Mapping):
            for entry in assignment["assigned_partitions"]:
                owned |= {KafkaPartition(entry["topic"], n) for n in entry["partitions"]}
    return owned
