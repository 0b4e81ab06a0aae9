"""What to read of each partition: from where, to where, and whether Kafka still has it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kafka import TopicPartition as KafkaPartition
from kafka.admin import OffsetSpec

from streams.batch import TopicPartition
from streams.brokers import admin_of

__all__ = ["Extent", "extents", "offsets_at"]


@dataclass(frozen=True, slots=True)
class Extent:
    """What the log holds of a partition: first offset, and the one it ends before."""

    first: int
    end: int


def extents(brokers: str, topics: Iterable[str]) -> dict[TopicPartition, Extent]:
    """Return what the log holds of every partition of some topics.

    Raises:
        StreamError: The broker does not answer.
    """
    with admin_of(brokers) as admin:
        parts = [
            KafkaPartition(entry["name"], partition["partition_index"])
            for entry in admin.describe_topics(list(topics))
            for partition in entry["partitions"]
        ]
        first = admin.list_partition_offsets(dict.fromkeys(parts, OffsetSpec.EARLIEST))
        end = admin.list_partition_offsets(dict.fromkeys(parts, OffsetSpec.LATEST))
    return {
        TopicPartition(part.topic, part.partition): Extent(first[part].offset, end[part].offset)
        for part in sorted(parts)
    }


def offsets_at(
    brokers: str, parts: Mapping[TopicPartition, Extent], at_ms: int
) -> dict[TopicPartition, int]:
    """Return the first offset of each partition whose broker timestamp is an instant or later.

    Raises:
        StreamError: The broker does not answer.
    """
    wanted = {KafkaPartition(*tp): at_ms for tp in parts}
    with admin_of(brokers) as admin:
        found = admin.list_partition_offsets(wanted)
    return {
        tp: extent.end if (offset := found[KafkaPartition(*tp)].offset) < 0 else offset
        for tp, extent in parts.items()
    }
