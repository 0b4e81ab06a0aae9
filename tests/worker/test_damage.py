"""Damage on the wire: each bad record is told by its reason, and every other one is counted."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from kafka import KafkaConsumer, TopicPartition

from schemas.framing import frame
from streams.simulation import Faults
from tests.worker.harness import Stage, end_offsets
from tests.worker.sending import Outgoing, encode, events, on_the_wire, sender

pytestmark = [pytest.mark.kafka, pytest.mark.clickhouse]

_NONE = Faults(duplicates=0, corrections=0, late=0, out_of_order=0, bad=0)
Damage = Callable[[Outgoing, dict[str, Any]], Outgoing]


def _value(change: Callable[[bytes], bytes | None]) -> Damage:
    return lambda item, _: item._replace(value=change(item.value or b""))


def _field(**change: Any) -> Damage:
    """Change those of the fields that the record has."""

    def damage(item: Outgoing, record: dict[str, Any]) -> Outgoing:
        known = {name: value for name, value in change.items() if name in record}
        return item._replace(value=encode(item.topic, record | known))

    return damage


DAMAGE: list[tuple[str, Damage]] = [
    ("malformed", _value(lambda value: value[: len(value) // 2])),
    ("malformed", _value(lambda value: value[:-1])),
    ("malformed", _value(lambda value: value[:5])),
    ("trailing_bytes", _value(lambda value: value + b"\x00")),
    ("bad_magic", _value(lambda value: b"\x01" + value[1:])),
    ("bad_magic", _value(lambda value: b"{}")),
    ("unknown_schema", _value(lambda value: frame(12_345, value[5:]))),
    ("unknown_schema", _value(lambda value: frame(0xFFFF_FFFF, value[5:]))),
    ("wrong_schema", _value(lambda value: frame(int.from_bytes(value[1:5], "big") % 4 + 1, b""))),
    ("empty", _value(lambda value: b"")),
    ("tombstone", _value(lambda value: None)),
    ("missing_identity", _field(source="")),
    ("time_out_of_range", _field(responded_at=0, event_time=0)),
    ("future_dated", _field(responded_at=4_000_000_000_000, event_time=4_000_000_000_000)),
    (
        "malformed",
        lambda item, _: item._replace(value=(item.value or b"")[:9], headers=(("a", None),)),
    ),
]


def test_damaged_records_are_the_rejects_and_the_others_count(stage: Stage) -> None:
    rng = random.Random(5)
    wire, reasons = [], []
    for event in events(3000, faults=_NONE):
        item, reason = on_the_wire(event), None
        if rng.random() < 0.04:
            reason, damage = rng.choice(DAMAGE)
            item = damage(item, event.record or {})
        wire.append(item)
        reasons.append(reason)
    with sender(stage.brokers) as one:
        places = one.send(wire)
    expected = {
        place: (reason, item.key, item.value, item.timestamp_ms)
        for place, reason, item in zip(places, reasons, wire, strict=True)
        if reason
    }
    assert {reason for reason, *_ in expected.values()} == {reason for reason, _ in DAMAGE}
    worker = stage.start()
    stage.wait_read(len(wire))
    assert worker.stop() == 0
    rows = stage.clickhouse.rows(
        "SELECT _topic, _partition, _offset, reason, hex(key), hex(value), value IS NULL, "
        f"toUnixTimestamp64Milli(_timestamp) FROM {stage.name}.rejects FINAL"
    )
    found = {
        (topic, partition, offset): (
            reason, bytes.fromhex(key), None if null else bytes.fromhex(value), at
        )
        for topic, partition, offset, reason, key, value, null, at in rows
    }  # fmt: skip
    assert found == expected
    fates = stage.fates()
    assert sum(n for (_, fate), n in fates.items() if fate == "accepted") == len(wire) - len(found)
    assert {fate for _, fate in fates} == {"accepted", "rejected"}


def test_what_is_rejected_is_also_on_its_topic_and_not_in_the_log(stage: Stage) -> None:
    secret = b"Zq7-secret"
    consumer = KafkaConsumer(bootstrap_servers=stage.brokers, enable_auto_commit=False)
    try:
        parts = [
            TopicPartition("feedback.rejects", number)
            for number in consumer.partitions_for_topic("feedback.rejects")
        ]
        consumer.assign(parts)
        consumer.seek_to_end(*parts)
        ends = {part: consumer.position(part) for part in parts}
        worker = stage.start()
        with sender(stage.brokers) as one:
            one.send([Outgoing("feedback.responses", secret, secret * 3, 1_760_000_000_000)])
        stage.wait_read(1)
        assert worker.stop() == 0
        after = consumer.end_offsets(parts)
        assert sum(after.values()) == sum(ends.values()) + 1
        batch = consumer.poll(timeout_ms=10_000)
        ((record,),) = batch.values()
        assert secret * 3 in record.value
        assert secret not in worker.log.read_bytes()
    finally:
        consumer.close()


@pytest.mark.parametrize("timestamp_ms", [0, 1], ids=["epoch", "epoch+1"])
def test_a_record_without_a_sensible_timestamp_is_no_poison(
    stage: Stage, timestamp_ms: int
) -> None:
    (event, *rest) = events(40, faults=_NONE)
    item = on_the_wire(event)._replace(timestamp_ms=timestamp_ms)
    with sender(stage.brokers) as one:
        one.send([item, *map(on_the_wire, rest)])
    worker = stage.start()
    stage.wait_read(40)
    assert worker.stop() == 0
    assert sum(n for (_, fate), n in stage.fates().items() if fate == "rejected") == 1


def test_committed_offsets_are_the_ends_though_the_last_record_is_bad(stage: Stage) -> None:
    with sender(stage.brokers) as one:
        places = one.send([Outgoing("feedback.followups", b"k", None, 1_760_000_000_000)])
    worker = stage.start()
    stage.wait_read(1)
    assert worker.stop() == 0
    ((topic, partition, offset),) = places
    committed = {(p.topic, p.partition): o for p, o in stage.committed().items()}
    assert committed[topic, partition] == offset + 1
    assert end_offsets(stage.brokers)
