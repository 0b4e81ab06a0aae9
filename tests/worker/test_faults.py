"""Killed, rebalanced, cut off: the tables end as those of a worker nothing happened to."""

from __future__ import annotations

import random
import time
from dataclasses import replace

import pytest

from tests.waiting import until
from tests.worker.gate import gate_to
from tests.worker.harness import Stage, first_difference, whole
from tests.worker.sending import events, on_the_wire, sender, truth_of

pytestmark = [pytest.mark.kafka, pytest.mark.clickhouse]


def test_killed_five_times_at_random(stage: Stage) -> None:
    rng = random.Random(11)
    sent = events(6000)
    with sender(stage.brokers) as one:
        one.send(map(on_the_wire, sent))
    for _ in range(5):
        worker = stage.start(fetch_records=25, flush_s=0.05)
        goal = stage.read() + rng.randint(1, 900)
        if rng.random() < 0.8:
            stage.wait_read(min(goal, len(sent)))
        else:
            worker.wait_event("partition_opened")
        worker.kill()
        stage.evict()
    worker = stage.start()
    stage.wait_read(len(sent))
    assert worker.stop() == 0
    assert stage.fates() == dict(truth_of(sent).fates)
    quiet = whole(stage, len(sent))
    try:
        assert not first_difference(stage, quiet)
    finally:
        quiet.close()


def test_the_comparison_sees_a_worker_with_the_wrong_memory(stage: Stage) -> None:
    # The tests of this file prove nothing if they cannot tell a broken worker from a good one.
    broken = """
import sys
import streams.store
from streams.cli.main import main
recent = streams.store.Store.recent
def all_of_it(self, kind, origin, before, limit):
    return recent(self, kind, origin, 2**62, limit)
streams.store.Store.recent = all_of_it
sys.argv[1:] = ["worker"]
main()
"""
    sent = events(1500)
    with sender(stage.brokers) as one:
        one.send(map(on_the_wire, sent))
    stage.settings = {"chunk": 1024, "known_answers": 1_000_000}
    worker = stage.start(program=broken, fetch_records=25)
    stage.wait_read(300)
    worker.kill()
    stage.evict()
    worker = stage.start(program=broken)
    stage.wait_read(len(sent))
    assert worker.stop() == 0
    assert stage.fates() != dict(truth_of(sent).fates)


def test_workers_join_and_leave(stage: Stage) -> None:
    sent = events(5000)
    wire = list(map(on_the_wire, sent))
    with sender(stage.brokers) as one:
        first = stage.start()
        one.send(wire[:1000])
        stage.wait_read(500)
        second = stage.start()
        one.send(wire[1000:2000])
        second.wait_event("partition_opened")
        one.send(wire[2000:3000])
        assert first.stop() == 0
        one.send(wire[3000:4000])
        third = stage.start()
        third.wait_event("partition_opened")
        second.kill()
        stage.evict()
        one.send(wire[4000:])
    stage.wait_read(len(sent))
    assert third.stop() == 0
    assert stage.fates() == dict(truth_of(sent).fates)
    quiet = whole(stage, len(sent))
    try:
        assert not first_difference(stage, quiet)
    finally:
        quiet.close()


def test_a_stop_commits_what_is_in_clickhouse_and_nothing_more(stage: Stage) -> None:
    sent = events(3000)
    with sender(stage.brokers) as one:
        one.send(map(on_the_wire, sent))
    worker = stage.start(fetch_records=25)
    stage.wait_read(300)
    begun = time.monotonic()
    assert worker.stop() == 0
    assert time.monotonic() - begun < 30
    rows = stage.clickhouse.rows(
        f"SELECT topic, partition, last_offset + 1 FROM {stage.name}.fates"
    )
    committed = {(part.topic, part.partition): at for part, at in stage.committed().items() if at}
    assert committed == {(topic, partition): at for topic, partition, at in rows}
    assert not [line for line in worker.lines() if line["level"] in ("error", "critical")]


def test_clickhouse_is_away_for_a_while(stage: Stage) -> None:
    sent = events(2000)
    wire = list(map(on_the_wire, sent))
    with gate_to(stage.access.host, stage.access.port) as gate, sender(stage.brokers) as one:
        stage.port = gate.port
        worker = stage.start()
        one.send(wire[:700])
        stage.wait_read(1)
        gate.cut()  # in the middle of whatever it was doing
        one.send(wire[700:1000])
        stage.wait_read(1000)
        gate.shut()
        one.send(wire[1000:])
        worker.wait_event("waiting", count=3)
        assert b"Traceback" not in worker.log.read_bytes()
        assert stage.read() == 1000
        assert worker.process.poll() is None
        gate.open()
        stage.wait_read(len(sent))
        assert worker.stop() == 0
    assert stage.fates() == dict(truth_of(sent).fates)
    quiet = whole(stage, len(sent))
    try:
        assert not first_difference(stage, quiet)
    finally:
        quiet.close()


@pytest.mark.parametrize("fault", ["shut", "frozen"])
def test_a_stop_does_not_wait_for_clickhouse(stage: Stage, fault: str) -> None:
    sent = events(600)
    wire = list(map(on_the_wire, sent))
    with gate_to(stage.access.host, stage.access.port) as gate, sender(stage.brokers) as one:
        stage.port = gate.port
        worker = stage.start(stop_s=1)
        one.send(wire[:100])
        stage.wait_read(100)
        if fault == "shut":
            gate.shut()
        else:
            gate.freeze()
        one.send(wire[100:])
        if fault == "shut":
            worker.wait_event("waiting")
        begun = time.monotonic()
        assert worker.stop() == 0
        assert time.monotonic() - begun < 8, "one second for the flush, and the way out"
    committed = sum(at - stage.starts[part] for part, at in stage.committed().items())
    assert committed <= stage.read(), "nothing is committed that is not in ClickHouse"
    assert committed < len(sent)
    stage.port = 0
    worker = stage.start()
    stage.wait_read(len(sent))
    assert worker.stop() == 0
    assert stage.fates() == dict(truth_of(sent).fates)


def test_a_worker_started_first_waits_for_the_others(stage: Stage) -> None:
    sent = events(200)
    with sender(stage.brokers) as one:
        one.send(map(on_the_wire, sent))
    host, port = stage.brokers.split(":")
    with (
        gate_to(stage.access.host, stage.access.port) as clickhouse,
        gate_to(host, int(port)) as kafka,
    ):
        clickhouse.shut()
        kafka.shut()
        stage.port = clickhouse.port
        worker = stage.start(brokers=f"127.0.0.1:{kafka.port}")
        worker.wait_event("waiting")
        assert "ClickHouse" in worker.events("waiting")[0]["what"]
        clickhouse.open()
        stored = f"SELECT count() FROM {stage.name}.definitions"
        until("the measures in ClickHouse", lambda: stage.clickhouse.rows(stored)[0][0])
        kafka.open()
        stage.wait_read(len(sent))
        assert worker.stop() == 0


def test_a_wrong_password_is_told_at_once(stage: Stage) -> None:
    stage.access = replace(stage.access, password="not this one")
    worker = stage.start()
    until("the end of the worker", lambda: worker.process.poll() is not None)
    assert worker.process.returncode == 4
    said = worker.log.read_text(encoding="utf-8")
    assert "refuses the user or password" in said
    assert "not this one" not in said
    assert "Traceback" not in said


def test_a_worker_that_cannot_go_on_ends_with_a_sentence(stage: Stage) -> None:
    broken = """
import sys
import streams.agents.flushing
from streams.cli.main import main
def fail(*_):
    raise ValueError("a mistake of ours")
streams.agents.flushing.raw_columns = fail
sys.argv[1:] = ["worker"]
main()
"""
    sent = events(100)
    with sender(stage.brokers) as one:
        one.send(map(on_the_wire, sent))
    worker = stage.start(program=broken)
    until(
        "the end of the worker",
        lambda: worker.process.poll() is not None,
        explain=worker.end_of_log,
    )
    assert worker.process.returncode == 4
    said = worker.log.read_text(encoding="utf-8").splitlines()[-1]
    assert said.startswith("earshot: The worker stopped on an unexpected ValueError.")
    assert stage.read() == sum(stage.committed().values()) == 0
