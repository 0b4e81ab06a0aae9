"""What brokers and producers do: compression, transactions, the same records again."""

from __future__ import annotations

import pytest

from tests.worker.harness import Stage, first_difference, whole
from tests.worker.sending import events, on_the_wire, sender, truth_of

pytestmark = [pytest.mark.kafka, pytest.mark.clickhouse]


def test_every_compression_is_read(stage: Stage) -> None:
    sent = events(800)
    wire = list(map(on_the_wire, sent))
    # Of one key in one order: several producers one after the other.
    for index, kind in enumerate(("lz4", "zstd", "gzip", "snappy", None)):
        with sender(stage.brokers, compression_type=kind) as one:
            one.send(wire[index * 160 : (index + 1) * 160])
    worker = stage.start()
    stage.wait_read(len(sent))
    assert worker.stop() == 0
    assert stage.fates() == dict(truth_of(sent).fates)


def test_a_second_delivery_is_all_duplicates(stage: Stage) -> None:
    sent = events(600)
    wire = list(map(on_the_wire, sent))
    worker = stage.start()
    with sender(stage.brokers) as one:
        one.send(wire)
        stage.wait_read(len(sent))
        before, counted = stage.fates(), counts(stage)
        one.send(wire)
    stage.wait_read(2 * len(sent))
    assert worker.stop() == 0
    after = stage.fates()
    topics = {topic for topic, _ in before}
    for topic in topics:
        for fate in ("accepted", "corrected"):
            assert after.get((topic, fate)) == before.get((topic, fate))
        assert after.get((topic, "rejected"), 0) == 2 * before.get((topic, "rejected"), 0)
        good = before.get((topic, "accepted"), 0) + before.get((topic, "corrected"), 0)
        doubled = 2 * before.get((topic, "duplicate"), 0) + good
        assert after.get((topic, "duplicate"), 0) == doubled
    assert counts(stage) == counted


def counts(stage: Stage) -> list[tuple[object, ...]]:
    return stage.clickhouse.rows(
        f"SELECT series, slice_start, bucket, sum(n) AS total FROM {stage.name}.slices FINAL "
        "GROUP BY ALL HAVING total != 0 ORDER BY ALL"
    )


def test_aborted_transactions_are_never_seen(stage: Stage) -> None:
    sent = events(600)
    wire = list(map(on_the_wire, sent))
    with sender(stage.brokers, transactional_id=f"{stage.name}-tx") as one:
        for start in range(0, 600, 100):
            if start % 200:
                never = [item._replace(value=b"never") for item in wire[start : start + 50]]
                one.transaction(never, abort=True)
            one.transaction(wire[start : start + 100])
    worker = stage.start()
    stage.wait_read(len(sent))
    assert worker.stop() == 0
    assert stage.fates() == dict(truth_of(sent).fates)
    rows = stage.clickhouse.rows(
        f"SELECT _topic, _partition, first, last, read, gaps FROM {stage.name}.ledger FINAL"
    )
    assert all(last - first + 1 == read + gaps for _, _, first, last, read, gaps in rows)
    assert sum(row[5] for row in rows) >= 150
    quiet = whole(stage, len(sent))
    try:
        assert not first_difference(stage, quiet)
    finally:
        quiet.close()
