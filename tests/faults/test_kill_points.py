"""Killed or asked to stop at every step of a record's way: the tables end as if nothing had happened."""

from __future__ import annotations

import time

import pytest

from streams.killpoints import POINTS, Point
from tests.faults.log import LITTLE, Log
from tests.faults.oracle import check, check_committed

pytestmark = [pytest.mark.kafka, pytest.mark.clickhouse, pytest.mark.faults]

#: What a worker that is killed by its kill point returns.
_KILLED = 137

#: Seconds a stop may take, and a start before it.
_STOP_S = 30 + 15


@pytest.mark.parametrize("point", POINTS)
def test_killed_twice_then_asked_to_stop(shared_log: Log, point: Point) -> None:
    stage = shared_log.stage()
    # The second worker dies further on, with what the first one left behind.
    for nth in (1, 2):
        worker = stage.start_and_die(f"{point}:{nth}", **LITTLE)
        assert worker.process.returncode == _KILLED, worker.end_of_log()
        check_committed(stage)
        stage.evict()
    begun = time.monotonic()
    worker = stage.start_and_die(f"{point}:1:TERM", **LITTLE)
    assert time.monotonic() - begun < _STOP_S
    assert worker.process.returncode == 0, worker.end_of_log()
    assert not [line for line in worker.lines() if line["level"] in ("error", "critical")]
    check_committed(stage)
    worker = stage.start(fetch_records=1000, flush_s=0.2)
    stage.wait_read(len(shared_log.sent))
    assert worker.stop() == 0
    check(stage, shared_log)
