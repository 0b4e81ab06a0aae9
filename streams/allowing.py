"""Write down what an operator allows, so that a stopped partition goes on."""

from __future__ import annotations

import time
from typing import Literal

from kafka import TopicPartition
from kafka.admin import OffsetSpec

from schemas.catalog import INPUTS
from schemas.errors import StreamError
from sinks.clickhouse import ClickHouse
from sinks.tables import TABLES
from streams.brokers import admin_of
from streams.settings import Settings
from streams.store import Store
from streams.wiring import address_of

__all__ = ["Accepts", "allow"]

Accepts = Literal["rejects", "lost"]


def allow(
    settings: Settings, topic: str, partition: int, accepts: Accepts, *, until: int, why: str
) -> int:
    """Allow rejects, or a loss, before an offset (0: of what the log holds now); return the offset.

    Raises:
        StreamError: The broker does not answer, or has no such partition, or nobody reads it yet.
        SinkError: ClickHouse does not answer or refuses.
    """
    brokers = settings.kafka.brokers
    if topic not in {one.name for one in INPUTS}:
        raise StreamError(
            f"{topic} is no input topic.",
            cure=f"The input topics are {', '.join(one.name for one in INPUTS)}.",
        )
    spec = OffsetSpec.LATEST if accepts == "rejects" else OffsetSpec.EARLIEST
    with admin_of(brokers) as admin:
        (described,) = admin.describe_topics([topic])
        if partition not in {one["partition_index"] for one in described["partitions"]}:
            raise StreamError(
                f"{topic} has no partition {partition}.",
                cure=f"It has {len(described['partitions'])}, counted from 0.",
            )
        part = TopicPartition(topic, partition)
        found = admin.list_partition_offsets({part: spec})[part].offset
    end = until or int(found)
    clickhouse = ClickHouse(address_of(settings))
    try:
        current = [
            one.number
            for one in Store(clickhouse).epochs()
            if one.topic == topic and one.state == "current"
        ]
        if not current:
            raise StreamError(f"{topic} was never read.", cure="Start a worker: `earshot worker`.")
        row = (topic, max(current), partition, accepts, end, why, int(time.time() * 1000))
        clickhouse.insert(TABLES["allowances"], [[value] for value in row])
    finally:
        clickhouse.close()
    return end
