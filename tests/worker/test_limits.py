"""Limits that are settings: lowered, they judge what comes, and not what was counted."""

from __future__ import annotations

from typing import Any

import pytest

from streams.simulation import Faults
from tests.worker.harness import RAW, Stage
from tests.worker.sending import events, on_the_wire, sender

pytestmark = [pytest.mark.kafka, pytest.mark.clickhouse]

_MINUTE_MS = 60_000
_NONE = Faults(duplicates=0, corrections=0, late=0, out_of_order=0, bad=0)


@pytest.mark.parametrize("lower", [{"clock_skew_s": 1}, {"max_record_bytes": 64}])
def test_what_was_counted_stays_counted(stage: Stage, lower: dict[str, Any]) -> None:
    stage.settings = {
        "chunk": 2**20
    }  # whatever is sent is one open chunk, folded again by each worker
    sent = events(420, faults=_NONE)
    # The brokers' clock is a minute behind: within the limit as it is at first.
    wire = [
        one._replace(timestamp_ms=one.timestamp_ms - _MINUTE_MS) for one in map(on_the_wire, sent)
    ]
    with sender(stage.brokers) as one:
        one.send(wire[:400])
        worker = stage.start()
        stage.wait_read(400)
        worker.kill()
        stage.evict()
        before = stage.tables()
        assert not before["rejects"]

        worker = stage.start(**lower)
        one.send(wire[400:])
        stage.wait_read(420)
        assert worker.stop() == 0
    after = stage.tables()
    for table in (*RAW, "slices", "conversations"):
        assert after[table] == before[table], table
    ((reasons, refused),) = stage.clickhouse.rows(
        f"SELECT groupUniqArray(reason), count() FROM {stage.name}.rejects FINAL"
    )
    assert len(reasons) == 1
    assert refused == 20
