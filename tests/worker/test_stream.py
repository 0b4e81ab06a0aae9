"""The whole way, from a producer to the tables: every record has the fate the truth says."""

from __future__ import annotations

import pytest

from tests.worker.harness import Stage, end_offsets
from tests.worker.sending import events, on_the_wire, sender, truth_of

pytestmark = [pytest.mark.kafka, pytest.mark.clickhouse]


def test_the_fates_are_the_truth(stage: Stage) -> None:
    sent = events(3000)
    truth = truth_of(sent)
    worker = stage.start()
    with sender(stage.brokers) as one:
        one.send(map(on_the_wire, sent))
    stage.wait_read(len(sent))
    assert stage.fates() == dict(truth.fates)
    rows = stage.clickhouse.rows(
        f"SELECT topic, reason, count() FROM {stage.name}.rejects_current GROUP BY ALL"
    )
    assert {(topic, reason): n for topic, reason, n in rows} == dict(truth.rejected)
    assert worker.stop() == 0
    ends = end_offsets(stage.brokers)
    assert stage.committed() == {part: end for part, end in ends.items() if end}


def test_no_partition_waits_for_the_backlog_of_the_others(stage: Stage) -> None:
    sent = events(16_000)
    with sender(stage.brokers) as one:
        one.send(map(on_the_wire, sent))
    ends = {part: end - stage.starts[part] for part, end in end_offsets(stage.brokers).items()}
    # Every partition takes many fetches, and batches wait for the worker all the time.
    worker = stage.start(fetch_records=100, partition_fetch_bytes=65_536)
    stage.wait_read(len(sent) // 2)
    read = stage.read_of()
    assert worker.stop() == 0
    shares = {
        f"{part.topic}/{part.partition}": read.get((part.topic, part.partition), 0) / end
        for part, end in ends.items()
        if end > 200
    }
    assert min(shares.values()) > 0.2, shares
