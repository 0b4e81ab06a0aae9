"""Kafka: does it answer, are the topics as they must be, how far behind are the workers."""

from __future__ import annotations

import time
from collections.abc import Sequence

from kafka import TopicPartition
from kafka.admin import KafkaAdminClient, OffsetSpec
from kafka.errors import BrokerResponseError, GroupIdNotFoundError, RetriableError

from schemas.catalog import INPUTS
from schemas.errors import StreamError
from streams.brokers import admin_of
from streams.doctor.finding import Unmeasured
from streams.topics import TopicState, topic_states

__all__ = ["broker_answers", "lag", "lag_of", "topics_as_declared", "topics_fit"]

_SHOWN = 4


def topics_fit(states: Sequence[TopicState]) -> str:
    """Say how many topics and partitions there are.

    Raises:
        StreamError: A topic of the catalog is missing, or the inputs differ in their partitions.
    """
    missing = [state.topic.name for state in states if not state.partitions]
    if missing:
        raise StreamError(
            f"{len(missing)} of {len(states)} topics are missing: {', '.join(missing)}.",
            cure="Run `earshot topics --create`.",
        )
    names = {topic.name for topic in INPUTS}
    inputs = {s.topic.name: s.partitions for s in states if s.topic.name in names}
    if len(set(inputs.values())) > 1:
        counts = ", ".join(f"{name} {count}" for name, count in inputs.items())
        raise StreamError(
            f"The input topics differ in their partitions: {counts}.",
            cure="Give all of them the same number while they are empty, so that one worker sees all "
            "of a customer: delete them, and run `earshot topics --create`.",
        )
    return f"{len(states)} topics, {next(iter(inputs.values()))} partitions each input"


def lag_of(ends: dict[TopicPartition, int], committed: dict[TopicPartition, int]) -> str:
    """Say how many records wait; `ends` and `committed` are next offsets by partition."""
    behind = {tp: max(0, end - committed.get(tp, 0)) for tp, end in ends.items()}
    total = sum(behind.values())
    if not committed:
        return f"no worker has committed yet, {total:,} records wait"
    if not total:
        return f"nothing waits in {len(ends)} partitions"
    worst = sorted((tp for tp in behind if behind[tp]), key=lambda tp: -behind[tp])
    shown = ", ".join(f"{tp.topic}/{tp.partition} {behind[tp]:,}" for tp in worst[:_SHOWN])
    more = f" and {len(worst) - _SHOWN} more" if len(worst) > _SHOWN else ""
    return f"{total:,} records wait: {shown}{more}"


def broker_answers(brokers: str, *, limit_s: float) -> str:
    """Make a round trip for metadata.

    Raises:
        StreamError: No broker answers.
    """
    with admin_of(brokers, limit_s=limit_s) as admin:
        started = time.monotonic()
        cluster = admin.describe_cluster()
        took_ms = (time.monotonic() - started) * 1000
    count = len(cluster["brokers"])
    return f"{brokers}, {count} broker{'s' * (count != 1)}, answered in {took_ms:.0f} ms"


def topics_as_declared(brokers: str) -> str:
    """Compare the broker's topics with the catalog.

    Raises:
        StreamError: A topic is missing, the inputs differ in their partitions, or no answer.
    """
    return topics_fit(topic_states(brokers))


def lag(brokers: str, group: str, *, limit_s: float) -> str | Unmeasured:
    """Compare what the workers committed with the ends of the input topics.

    Raises:
        StreamError: The broker does not answer.
    """
    with admin_of(brokers, limit_s=limit_s) as admin:
        try:
            ends, stored = _ends(admin), _stored(admin, group)
        except BrokerResponseError as error:
            if not isinstance(error, RetriableError):
                raise
            # A new topic has no leader for a moment; a new broker first makes its store of offsets.
            return Unmeasured(f"the broker says: later ({type(error).__name__})")
    return lag_of(ends, {tp: at for tp, at in stored.items() if tp in ends and at >= 0})


def _ends(admin: KafkaAdminClient) -> dict[TopicPartition, int]:
    wanted = [
        TopicPartition(entry["name"], partition["partition_index"])
        for entry in admin.describe_topics([topic.name for topic in INPUTS])
        for partition in entry["partitions"]
    ]
    found = admin.list_partition_offsets(dict.fromkeys(wanted, OffsetSpec.LATEST))
    return {tp: entry.offset for tp, entry in found.items()}


def _stored(admin: KafkaAdminClient, group: str) -> dict[TopicPartition, int]:
    try:
        found = admin.list_group_offsets(group).get(group, {})
    except GroupIdNotFoundError:
        return {}
    return {tp: entry.offset for tp, entry in found.items()}
