"""Records that no honest producer sends: each ends in one fate, and those around it count."""

from __future__ import annotations

import math
import time
import tracemalloc
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, zip_longest
from pathlib import Path

import psutil
import pytest

from deploy.local.clickhouse import ClickHouseAccess
from streams.fold.kinds import KINDS
from streams.simulation import Faults
from tests.builders import ANSWERS
from tests.faults.extent import FULL
from tests.faults.hostile import Hostile, hostile
from tests.faults.hostile_lane import CHUNK, DECODER, Lane, seen
from tests.faults.hostile_maker import HOSTILE_SOURCE, Maker, zigzag
from tests.faults.oracle import check_verified
from tests.worker.harness import Stage, empty_inputs
from tests.worker.sending import Outgoing, Place, events, on_the_wire, sender

#: Kinds that end a worker as long as the tests below that say so are expected to fail.
_BREAKS_A_WORKER: frozenset[str] = frozenset()

_NONE = Faults(duplicates=0, corrections=0, late=0, out_of_order=0, bad=0)

#: Hostile records that pass a worker, half of them after it was looked at.
_SENT = 100_000 if FULL else 5_000

#: Of them, how many are made at a time.
_PORTION = 1_000

#: A worker that reads hostile records may take more memory at first; not more and more of it.
_MOST_GROWTH = 96 * 1024**2

#: Of a record of the largest size, how many times that size it may take decoded.
_MOST_TIMES = 20


@pytest.fixture
def stage(kafka_brokers: str, clickhouse: ClickHouseAccess, tmp_path: Path) -> Iterator[Stage]:
    """Return a stage with its tables, over an empty log."""
    one = Stage(kafka_brokers, clickhouse, tmp_path, empty_inputs(kafka_brokers))
    one.make_tables()
    yield one
    one.close()


def test_hostile_records_are_told_apart() -> None:
    found: Counter[str] = Counter()
    for one in islice(hostile(2, _now_ms()), 20_000 if not FULL else 200_000):
        began = time.process_time()
        reason = seen(one.item)
        assert time.process_time() - began < 5, f"{one.attack} takes too long"
        assert one.reason in (None, reason), f"{one.attack}: {reason} instead of {one.reason}"
        found[reason or "counted"] += 1
    assert found["counted"] > 1_000
    assert len(found) >= 14


def _now_ms() -> int:
    return int(time.time() * 1000)


def test_all_that_is_hostile_ends_in_one_fate_and_can_be_written() -> None:
    lanes: dict[str, Lane] = {}
    for one in islice(hostile(3, _now_ms(), without=_BREAKS_A_WORKER), 20_000):
        lanes.setdefault(one.item.topic, Lane(one.item.topic)).take(one.item)
    for lane in lanes.values():
        lane.fold()
        assert sum(lane.fates.values()) == lane.read > 3_000
        assert lane.fates["rejected"] == sum(lane.rejected.values())
        assert len(lane.rejected) >= 10


def test_a_text_may_carry_a_number_that_is_none() -> None:
    maker = Maker(1, _now_ms())
    lane = Lane(ANSWERS)
    lane.take(maker.sent(ANSWERS, maker.whole(ANSWERS, metric="TEXT", value_number=math.nan)))
    lane.fold()
    assert sum(lane.fates.values()) == 1


@pytest.mark.kafka
@pytest.mark.clickhouse
@pytest.mark.faults
def test_good_records_count_among_hostile_ones(stage: Stage) -> None:
    bad = hostile(4, _now_ms(), without=_BREAKS_A_WORKER)
    honest = events(_SENT // 10, faults=_NONE)
    good = [on_the_wire(event) for event in honest]
    worker = stage.start(chunk=CHUNK, fetch_records=500, flush_s=0.5, reject_run=0, reject_share=1)
    process = psutil.Process(worker.process.pid)
    count, expected, memory = 0, dict[Place, str](), []
    # Compressed, so that the broker takes what is larger than any record should be.
    with sender(stage.brokers, compression_type="gzip", max_request_size=4 * 1024**2) as producer:
        for half in (good[: len(good) // 2], good[len(good) // 2 :]):
            # A thousand at a time: what is sent is held in memory here, and some of it is large.
            for start in range(0, len(half), _PORTION // 10):
                portion = half[start : start + _PORTION // 10]
                some = _mixed(islice(bad, 10 * len(portion)), portion)
                for place, item in zip(producer.send(some), some, strict=True):
                    if reason := seen(item):
                        expected[place] = reason
                count += len(some)
            stage.wait_read(count, within_s=120 + count / 50)
            memory.append(process.memory_info().rss)
    assert worker.stop() == 0
    assert stage.read() == count
    assert memory[1] - memory[0] < _MOST_GROWTH
    rows = stage.clickhouse.rows(
        f"SELECT _topic, _partition, _offset, reason FROM {stage.name}.rejects FINAL"
    )
    assert {(topic, partition, offset): why for topic, partition, offset, why in rows} == expected
    fates = stage.fates()
    assert sum(n for (_, fate), n in fates.items() if fate == "rejected") == len(expected)
    tables = " UNION ALL ".join(
        f"SELECT event_id FROM {stage.name}.{kind.table} FINAL WHERE source != '{HOSTILE_SOURCE}'"
        for kind in KINDS.values()
    )
    counted = Counter(event_id for (event_id,) in stage.clickhouse.rows(tables))
    sent = [event.record["event_id"] for event in honest if event.record]
    assert all(counted[event_id] == 1 for event_id in sent)
    assert b"Traceback" not in worker.log.read_bytes()
    check_verified(stage)


def _mixed(bad: Iterable[Hostile], good: Sequence[Outgoing]) -> list[Outgoing]:
    """Return both, with the good ones spread among the others, in their order."""
    items = [one.item for one in bad]
    every = max(1, len(items) // max(1, len(good)))
    runs = [items[start : start + every] for start in range(0, len(items), every)]
    return [
        item
        for run, one in zip_longest(runs, good)
        for item in (*(run or ()), *([one] if one else []))
    ]


@pytest.mark.xfail(
    strict=True,
    raises=AssertionError,
    reason="each attribute becomes a dict: 1 MB of empty ones takes 100 MB; nothing limits their number",
)
def test_a_record_takes_memory_in_proportion_to_its_bytes() -> None:
    whole = Maker(1, _now_ms()).whole(ANSWERS)
    count = (1_000_000 - len(whole)) // 2
    value = whole[:-2] + zigzag(count) + b"\0\0" * count + b"\0" + whole[-1:]
    assert whole[-2:] == b"\0\0", "no attributes, and no test"
    tracemalloc.start()
    try:
        assert isinstance(DECODER.decode(ANSWERS, value), dict)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < _MOST_TIMES * len(value)


@pytest.mark.kafka
@pytest.mark.clickhouse
@pytest.mark.faults
def test_a_record_larger_than_any_reject_stops_nobody(stage: Stage) -> None:
    # Nine megabytes that a broker takes, as they are compressed.
    with sender(stage.brokers, compression_type="gzip", max_request_size=10**7) as producer:
        producer.send([Outgoing(ANSWERS, b"k", b"\0" * 9 * 1024**2, _now_ms())])
        producer.send([on_the_wire(event) for event in events(20, faults=_NONE)])
    worker = stage.start()
    worker.wait_event("partition_opened")
    stage.wait_read(21)
