"""The connection to ClickHouse breaks at every step of its protocol, for every table a flush writes."""

from __future__ import annotations

import pytest

from tests.faults.log import LITTLE, Log
from tests.faults.oracle import check, check_committed
from tests.faults.wire import Fault, Step, proxy_to
from tests.waiting import until
from tests.worker.gate import gate_to

pytestmark = [pytest.mark.kafka, pytest.mark.clickhouse, pytest.mark.faults]

#: The tables every stream writes to, in the order of a flush.
_WRITTEN = ("rejects", "answers", "interactions", "conversations", "slices", "ledger")

#: ... and for as many errors as there are, those that every flush writes once more.
_WRITTEN_OFTEN = (*_WRITTEN, "interactions", "slices", "ledger")

#: Errors that pass by themselves: load, limits of the moment, a full or read-only disk.
_PASSING = (252, 241, 159, 202, 319, 210, 242, 243, 164)


@pytest.mark.parametrize("step", ["query", "block", "rows", "end"])
def test_cut(shared_log: Log, step: Step) -> None:
    stage = shared_log.stage()
    with proxy_to(stage.access.host, stage.access.port) as proxy:
        stage.port = proxy.port
        for table in _WRITTEN:
            proxy.arm(Fault(step, table), Fault("hello"))  # and once more when it comes back
        proxy.arm(Fault("answer"))
        worker = stage.start(**LITTLE)
        until("all cuts", lambda: not proxy.left, explain=worker.end_of_log)
        stage.wait_read(len(shared_log.sent))
        assert worker.stop() == 0
    assert len(worker.events("waiting")) >= len(_WRITTEN)
    assert b"Traceback" not in worker.log.read_bytes()
    check(stage, shared_log, views=step == "end")


def test_errors_that_pass(shared_log: Log) -> None:
    stage = shared_log.stage()
    with proxy_to(stage.access.host, stage.access.port) as proxy:
        stage.port = proxy.port
        for table, code in zip(_WRITTEN_OFTEN, _PASSING, strict=True):
            # Refused at once; and written, but said to have failed.
            proxy.arm(Fault("error", table, code), Fault("late_error", table, code))
        worker = stage.start(**LITTLE)
        until("all errors", lambda: not proxy.left, explain=worker.end_of_log)
        stage.wait_read(len(shared_log.sent))
        assert worker.stop() == 0
    said = [line["what"] for line in worker.events("waiting")]
    assert len(said) >= 2 * len(_PASSING)
    assert all(any(f"code {code}" in what for what in said) for code in _PASSING)
    check(stage, shared_log)


@pytest.mark.parametrize("code", [53, 60])
def test_errors_that_do_not_pass(shared_log: Log, code: int) -> None:
    stage = shared_log.stage()
    with proxy_to(stage.access.host, stage.access.port) as proxy:
        stage.port = proxy.port
        proxy.arm(*[Fault("error", "answers", code)] * 100)
        worker = stage.start(**LITTLE)
        until("an error", lambda: proxy.struck, explain=worker.end_of_log)
        # Whether it goes on with the other partitions or ends: this one is not committed.
        worker.kill()
    check_committed(stage)
    stage.evict()
    stage.port = 0
    worker = stage.start()
    stage.wait_read(len(shared_log.sent))
    assert worker.stop() == 0
    check(stage, shared_log)


def test_a_network_that_swallows_packets(shared_log: Log) -> None:
    stage = shared_log.stage()
    with gate_to(stage.access.host, stage.access.port) as gate:
        stage.port = gate.port
        worker = stage.start_with({"EARSHOT_CLICKHOUSE__TIMEOUT_S": "1"}, **LITTLE)
        stage.wait_read(30)
        gate.freeze()
        read = stage.read()
        worker.wait_event("waiting", count=2)
        assert worker.process.poll() is None
        assert stage.read() <= read + len(shared_log.sent) // 4
        # What was on its way arrives late, after the worker gave it up.
        gate.open()
        stage.wait_read(len(shared_log.sent))
        assert worker.stop() == 0
    check(stage, shared_log)
