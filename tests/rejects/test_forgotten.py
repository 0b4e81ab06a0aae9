"""A customer who is erased is erased from rejected records too, whatever became of them."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from streams.fold.erasing import Erasure
from streams.fold.kinds import KINDS
from streams.rejecting import Coordinates, chosen_at, drop, rejected_record
from streams.store import Store
from streams.traces import Traces
from tests.builders import ANSWERS
from tests.rejects.conftest import SECRET, Log

pytestmark = pytest.mark.clickhouse

ORIGIN = (ANSWERS, 0, 2)


def erase(log: Log) -> None:
    """Erase the customer whose key all records of the log have, as a worker does."""
    traces = Traces(log.clickhouse, Store(log.clickhouse))
    erasure = Erasure(f"c:{SECRET.decode()}", "customer", "keep")
    traces.delete(KINDS[ANSWERS], ORIGIN, 1_000, erasure)


def text_of(log: Log) -> str:
    """Return everything the tables hold, also rows that a merge would remove."""
    return "".join(
        json.dumps(
            log.clickhouse.rows(f"SELECT * FROM {log.clickhouse.address.database}.{table}"),
            default=str,
        )
        for table in ("rejects", "reject_outcomes")
    )


def drop_at(log: Log, offset: int) -> None:
    choices, _ = chosen_at(log.clickhouse, [Coordinates(ANSWERS, 2, offset)])
    drop(log.clickhouse, choices, "Test traffic.", datetime.now(UTC))


def test_every_attempt_and_every_outcome_loses_the_customer(log: Log) -> None:
    counted, poison, dropped = log.reject(SECRET), log.reject(SECRET), log.reject(SECRET)
    log.reject_again(poison, 1)
    log.count(counted, 1, "accepted")
    drop_at(log, dropped)
    assert SECRET.decode() in text_of(log)
    erase(log)
    assert SECRET.decode() not in text_of(log)
    assert rejected_record(log.clickhouse, Coordinates(ANSWERS, 2, poison), with_bytes=True) is None
    kept = rejected_record(log.clickhouse, Coordinates(ANSWERS, 2, dropped), with_bytes=True)
    assert kept is not None
    assert kept.erased
    assert kept.key_bytes is None


def test_bytes_that_a_second_fold_wrote_after_the_drop_go_as_well(log: Log) -> None:
    offset = log.reject(SECRET)
    drop_at(log, offset)
    log.next = offset
    log.reject(SECRET)
    erase(log)
    assert SECRET.decode() not in text_of(log)
    assert SECRET.hex() not in text_of(log)
