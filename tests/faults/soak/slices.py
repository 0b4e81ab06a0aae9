"""The topic of slices against its table where neither fits in memory: some keys, all of their messages."""

from __future__ import annotations

import zlib
from typing import NamedTuple

from schemas.codec import Decoder
from schemas.framing import unframe
from schemas.registry import subject_of
from tests.faults.log import SLICES, WatchedStage, slices_consumer
from tests.worker.sending import REGISTRY

__all__ = ["Told", "sampled"]

_PAGES = 64
_KEY_IN_SQL = (
    "concat(lower(leftPad(hex(series), 32, '0')), '|', toString(toUnixTimestamp(slice_start)), '|', "
    "toString(bucket), '|', _topic, '|', toString(_epoch), '|', toString(_partition), '|', "
    "toString(_chunk))"
)


class Told(NamedTuple):
    """What is known of a key: that of its highest version."""

    version: int
    n: int
    definitions: int


def sampled(stage: WatchedStage, part: int) -> tuple[dict[bytes, Told], dict[bytes, Told]]:
    """Return one key of so many, as the topic has it and as the table has it."""
    return _on_topic(stage, part), _in_table(stage, part)


def _on_topic(stage: WatchedStage, part: int) -> dict[bytes, Told]:
    schema = REGISTRY.latest(subject_of(SLICES))
    decoder = Decoder(schema, schema)
    found: dict[bytes, Told] = {}
    with slices_consumer(stage.brokers) as (consumer, parts):
        ends = consumer.end_offsets(parts)
        left = [one for one in parts if ends[one] > stage.slices_from[one]]
        consumer.assign(left)
        for one in left:
            consumer.seek(one, stage.slices_from[one])
        while any(consumer.position(one) < ends[one] for one in left):
            for messages in consumer.poll(timeout_ms=500, max_records=5_000).values():
                for message in messages:
                    framed = unframe(message.value)
                    if zlib.crc32(message.key) % part or framed is None:
                        continue
                    record = decoder.decode(framed.body)
                    told = Told(record["version"], record["n"], record["definitions"])
                    found[message.key] = max(told, found.get(message.key, told))
    return found


def _in_table(stage: WatchedStage, part: int) -> dict[bytes, Told]:
    found: dict[bytes, Told] = {}
    for page in range(_PAGES):
        rows = stage.clickhouse.rows(
            f"SELECT {_KEY_IN_SQL} AS key, _version, n, _definitions FROM {stage.name}.slices FINAL "
            f"WHERE CRC32(key) % {part} = 0 AND cityHash64(key) % {_PAGES} = {page}"
        )
        found |= {key.encode(): Told(*told) for key, *told in rows}
    return found
