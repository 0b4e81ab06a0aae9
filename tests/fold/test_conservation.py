"""Every record ends in exactly one fate."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.catalog import INPUTS
from streams.fold.chunks import chunk_start
from streams.fold.kinds import KINDS
from streams.fold.partition import Decoded
from streams.fold.rejection import Rejection
from tests.builders import NOW_MS, record_for
from tests.fold import oracle
from tests.fold.model import Tables, Worker, folded, log_of
from tests.fold.strategies import logs


@settings(deadline=None, max_examples=80)
@given(log=logs(), chunk=st.sampled_from([4, 8, 64]))
def test_the_fates_sum_to_the_records_and_the_offsets(log: list[Decoded], chunk: int) -> None:
    tables = folded(log, chunk=chunk)
    fates = tables.fates()
    assert sum(fates.values()) == len(log)
    assert fates["rejected"] == len(tables.rejects) == sum(not oracle.good(r) for r in log)
    assert fates["accepted"] == len(oracle.current(log))
    assert fates["accepted"] + fates["corrected"] == len(tables.raw)
    for ledger in tables.ledgers.values():
        assert ledger.last - ledger.first + 1 == ledger.read + ledger.gaps
        assert chunk_start(ledger.first, chunk) == chunk_start(ledger.last, chunk) == ledger.chunk


@settings(deadline=None, max_examples=80)
@given(log=logs(), chunk=st.sampled_from([4, 8, 64]))
def test_the_ledger_covers_every_offset_up_to_the_last(log: list[Decoded], chunk: int) -> None:
    tables = folded(log, chunk=chunk)
    covered = Counter(
        offset
        for ledger in tables.ledgers.values()
        for offset in range(ledger.first, ledger.last + 1)
    )
    last = log[-1].offset if log else -1
    assert tables.ledgers.keys() == {chunk_start(offset, chunk) for offset in range(last + 1)}
    assert covered == Counter(range(last + 1))


@settings(deadline=None, max_examples=40)
@given(log=logs(), cut=st.integers(0, 40))
def test_a_record_delivered_again_is_passed_over(log: list[Decoded], cut: int) -> None:
    tables = Tables()
    worker = Worker(tables, 0, chunk=8)
    worker.take(log[:cut])
    worker.take(log)
    worker.take(log)
    worker.flush()
    assert tables == folded(log, chunk=8)


@pytest.mark.parametrize("topic", [topic.name for topic in INPUTS])
def test_every_topic_knows_its_duplicates(topic: str) -> None:
    log = log_of(
        [
            record_for(topic),
            record_for(topic),
            Rejection("empty", "the value has no bytes"),
            record_for(topic, source="other"),
        ],
        timestamp_ms=NOW_MS,
    )
    tables = folded(log, chunk=64, topic=topic)
    assert tables.kind is KINDS[topic]
    assert tables.fates() == {"accepted": 2, "corrected": 0, "duplicate": 1, "rejected": 1}


def test_nothing_folded_drains_to_nothing() -> None:
    worker = Worker(Tables(), 0, chunk=8)
    assert not worker.fold.drain()
    worker.take(log_of([record_for("feedback.responses")], timestamp_ms=NOW_MS))
    assert worker.fold.drain()
    assert not worker.fold.drain()
