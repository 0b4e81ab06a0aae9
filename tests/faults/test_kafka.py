"""Workers come, go and sleep; the broker ends and comes back: every record has its fate once.

One broker has nobody to hand a group or a partition to: moving the coordinator or a leader is not tested.
"""

from __future__ import annotations

import random
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from kafka import KafkaAdminClient, TopicPartition

from deploy.local.clickhouse import ClickHouseAccess
from deploy.local.kafka import KafkaPart
from schemas.catalog import INPUTS
from tests.faults.extent import rebalances
from tests.faults.log import LITTLE, Log, WatchedStage, log_of, stream
from tests.faults.oracle import check, check_committed
from tests.faults.servers import kill, own_kafka, restart
from tests.replaying.commands import earshot
from tests.waiting import until
from tests.worker.gate import gate_to
from tests.worker.harness import Stage, WorkerProcess, end_offsets
from tests.worker.sending import on_the_wire, sender

pytestmark = [pytest.mark.kafka, pytest.mark.clickhouse, pytest.mark.faults]

_SHORT = {"EARSHOT_KAFKA__SESSION_S": "6"}

Offsets = dict[TopicPartition, int]


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaPart]:
    with own_kafka(tmp_path_factory.mktemp("kafka")) as part:
        yield part


@pytest.fixture
def log(kafka: KafkaPart, clickhouse: ClickHouseAccess, tmp_path: Path) -> Iterator[Log]:
    """Return an empty log on the broker of this file."""
    with log_of(kafka.address, clickhouse, tmp_path) as one:
        yield one


def _ends_committed(stage: Stage, floor: Offsets) -> bool:
    """Whether all of the log is committed. Fails the test if a commit went back."""
    now = stage.committed()
    for part, offset in floor.items():
        assert now.get(part, 0) >= offset, f"{part}: committed {offset}, then {now.get(part)}"
    floor.update(now)
    ends = end_offsets(stage.brokers)
    return all(now.get(part, 0) >= end for part, end in ends.items() if end > stage.starts[part])


def _members(stage: Stage) -> int:
    """Return how many workers the group has; some may have no partition."""
    with stage._admin() as admin:
        return len(admin.describe_groups([stage.name])[stage.name]["members"])


def _remove_before(brokers: str, offsets: Offsets) -> None:
    """What retention does, at once."""
    admin = KafkaAdminClient(bootstrap_servers=brokers)
    try:
        admin.delete_records(offsets)
    finally:
        admin.close()


def test_workers_come_and_go_under_load(log: Log) -> None:
    rng = random.Random(3)
    sent = stream(150 * (rebalances() + 1))
    stage = log.stage()
    workers: list[WorkerProcess] = [stage.start(**LITTLE)]
    with sender(log.brokers) as producer:
        for number in range(rebalances()):
            log.send(producer, sent[150 * number : 150 * (number + 1)])
            stage.wait_read(1)
            if len(workers) < 3 and (len(workers) < 2 or rng.random() < 0.5):
                workers.append(stage.start(**LITTLE))
                until(
                    "its place in the group",
                    lambda: _members(stage) == len(workers),
                    explain=workers[-1].end_of_log,
                )
            elif rng.random() < 0.5:
                assert workers.pop(0).stop() == 0
            else:
                workers.pop(0).kill()
                stage.evict()
        log.send(producer, sent[150 * rebalances() :])
    stage.wait_read(len(sent))
    for worker in workers:
        assert worker.stop() == 0
        # To be removed from the group, as all members are with a dead one, is an error to its client.
        told = [line for line in worker.lines() if line["level"] in ("error", "critical")]
        assert not [line for line in told if not line["logger"].startswith("aiokafka.")]
    check(stage, log, in_order=False)


def test_who_stays_goes_on_where_it_was(log: Log) -> None:
    sent = stream(900)
    stage = log.stage()
    with sender(log.brokers) as producer:
        log.send(producer, sent[:600])
        stays = stage.start(**LITTLE)
        stage.wait_read(600)
        comes = stage.start(**LITTLE)
        stays.wait_event("partition_kept")
        comes.wait_event("partition_opened")
        log.send(producer, sent[600:])
        stage.wait_read(900)
        assert comes.stop() == 0
        assert stays.stop() == 0
    kept = {(line["topic"], line["partition"]) for line in stays.events("partition_kept")}
    moved = {(line["topic"], line["partition"]) for line in comes.events("partition_opened")}
    assert kept
    assert moved
    assert len(kept) >= len(moved) // 2, "half of them need not move"
    check(stage, log, in_order=False)


def test_a_worker_sleeps_longer_than_its_session(log: Log) -> None:
    sent = stream(700)
    stage = log.stage()
    floor: Offsets = {}
    host, port = stage.access.host, stage.access.port
    with gate_to(host, port) as gate, sender(log.brokers) as producer:
        log.send(producer, sent[:300])
        stage.port = gate.port
        zombie = stage.start_with(_SHORT, **LITTLE)
        stage.wait_read(60)
        # What it was writing is on its way, and arrives when others have gone on.
        gate.freeze()
        zombie.process.send_signal(signal.SIGSTOP)
        stage.port = 0
        heir = stage.start_with(_SHORT, **LITTLE)
        log.send(producer, sent[300:600])
        stage.wait_read(600)
        until("all committed", lambda: _ends_committed(stage, floor), explain=heir.end_of_log)
        opened = len(zombie.events("partition_opened"))
        gate.open()
        zombie.process.send_signal(signal.SIGCONT)
        log.send(producer, sent[600:])
        zombie.wait_event("partition_opened", count=opened + 1)
        stage.wait_read(len(sent))
        until("all committed", lambda: _ends_committed(stage, floor), explain=zombie.end_of_log)
        assert heir.stop() == 0
        assert zombie.stop() == 0
    assert _ends_committed(stage, floor)
    check(stage, log, in_order=False)


@pytest.mark.parametrize("killed", [True, False], ids=["killed", "stopped"])
def test_the_broker_comes_back(log: Log, kafka: KafkaPart, killed: bool) -> None:
    sent = stream(900)
    stage = log.stage()
    worker = stage.start(**LITTLE)
    for number in range(3):
        with sender(log.brokers) as producer:
            log.send(producer, sent[300 * number : 300 * (number + 1)])
        if number < 2:
            stage.wait_read(300 * number + 100)
            if killed:
                kill(kafka)
            else:
                kafka.stop()
            restart(kafka)
            # A broker that is killed forgets where a log was said to begin, some seconds ago.
            _remove_before(log.brokers, log.starts)
            assert worker.process.poll() is None, worker.end_of_log()
    stage.wait_read(len(sent))
    floor: Offsets = {}
    until("all committed", lambda: _ends_committed(stage, floor), explain=worker.end_of_log)
    assert worker.stop() == 0
    check(stage, log)


def test_commits_fail(log: Log) -> None:
    # The group rebalances, does not know the member, has moved: codes 27, 25 and 16.
    program = """
import sys
from itertools import chain, repeat
from aiokafka import errors
from aiokafka.consumer.group_coordinator import GroupCoordinator
from streams.cli.main import main
refused = chain((errors.RebalanceInProgressError, errors.UnknownMemberIdError,
                 errors.NotCoordinatorForGroupError) * 4, repeat(None))
commit = GroupCoordinator._do_commit_offsets
async def failing(self, assignment, offsets):
    error = next(refused)
    if error is not None:
        print("refused a commit", flush=True)
        raise error()
    return await commit(self, assignment, offsets)
GroupCoordinator._do_commit_offsets = failing
sys.argv[1:] = ["worker"]
main()
"""
    stage = log.stage()
    with sender(log.brokers) as producer:
        log.send(producer, stream(500))
    worker = stage.start(program=program, **LITTLE)
    stage.wait_read(len(log.sent))
    floor: Offsets = {}
    until("all committed", lambda: _ends_committed(stage, floor), explain=worker.end_of_log)
    assert worker.log.read_text(encoding="utf-8").count("refused a commit") == 12
    assert worker.stop() == 0
    check(stage, log)


def test_a_third_of_the_transactions_is_aborted(log: Log) -> None:
    rng = random.Random(4)
    sent, never = stream(600), iter(map(on_the_wire, stream(3000, seed=99)))
    stage = log.stage()
    with sender(log.brokers, transactional_id=f"{stage.name}-tx") as producer:
        for start in range(0, len(sent), 20):
            if rng.random() < 0.3:
                producer.transaction([next(never) for _ in range(15)], abort=True)
            producer.transaction(map(on_the_wire, sent[start : start + 20]))
            log.sent += sent[start : start + 20]
            if start == 100:
                worker = stage.start_with({"EARSHOT_KILL_AT": "slices_written:3"}, **LITTLE)
    until("its end", lambda: worker.process.poll() is not None, explain=worker.end_of_log)
    stage.evict()
    worker = stage.start()
    stage.wait_read(len(sent))
    assert worker.stop() == 0
    check(stage, log, gaps=True)


def _read_some(log: Log) -> WatchedStage:
    """Return a stage whose worker stopped in the middle of its chunks, with all of its work committed."""
    stage = log.stage()
    worker = stage.start_and_die("committed:1:TERM", **LITTLE)
    assert worker.process.returncode == 0
    return stage


def test_retention_passes_the_start_of_a_chunk(log: Log) -> None:
    with sender(log.brokers) as producer:
        log.send(producer, stream(600))
    log.quiet()
    stage = _read_some(log)
    _remove_before(log.brokers, {p: o for p, o in stage.committed().items() if o > log.starts[p]})
    worker = stage.start()
    stage.wait_read(len(log.sent))
    assert worker.stop() == 0
    told = worker.events("log_start_beyond_chunk_start")
    assert told
    assert not worker.events("partition_stopped"), "nothing was lost"
    check(stage, log)


def test_retention_passes_records_nobody_read(log: Log) -> None:
    log.settings = {"chunk": 16}
    with sender(log.brokers) as producer:
        log.send(producer, stream(600))
    stage = _read_some(log)
    with sender(log.brokers) as producer:
        log.send(producer, stream(600, seed=9))
    ends = end_offsets(log.brokers)
    at = {part: offset for part, offset in stage.committed().items() if offset > log.starts[part]}
    # The start of the chunk is gone as well, and the next chunks.
    part = max(at, key=lambda one: ends[one] - at[one])
    middle = ends[part] - 3
    lost = middle - at[part]
    assert lost > 16
    _remove_before(log.brokers, {part: middle})
    worker = stage.start()
    worker.wait_event("partition_stopped")
    (told,) = worker.events("partition_stopped")
    assert (told["topic"], told["partition"]) == (part.topic, part.partition)
    assert f"offsets {at[part]} to {middle - 1}" in told["what"]
    stage.wait_read(len(log.sent) - lost - 3)  # the other partitions go on
    place = f"{part.topic}/{part.partition}"
    assert place in told["cure"]
    code, said = earshot(stage, "resume", place, "--accept", "lost", "--why", "there is no copy")
    assert code == 0, said
    stage.wait_read(len(log.sent) - lost)
    assert worker.stop() == 0
    assert stage.read() == len(log.sent) - lost
    check_committed(stage)
    rows = stage.clickhouse.rows(
        f"SELECT sum(gaps), sum(last - first + 1) FROM {stage.name}.ledger FINAL "
        f"WHERE _topic = '{part.topic}' AND _partition = {part.partition}"
    )
    assert rows == [(lost, ends[part] - log.starts[part])], "all of it is accounted for"
    code, said = earshot(stage, "verify")
    assert code == 0, said


def test_partitions_are_added(log: Log) -> None:
    # Keep this test the last one of the broker: partitions cannot be taken away again.
    stage = log.stage()
    before, after = stream(300), stream(500, seed=8)
    with sender(log.brokers) as producer:
        log.send(producer, before)
    worker = stage.start(**LITTLE)
    stage.wait_read(150)
    admin = KafkaAdminClient(bootstrap_servers=log.brokers)
    try:
        admin.create_partitions({topic.name: 8 for topic in INPUTS})
    finally:
        admin.close()
    for topic in INPUTS:
        log.starts.update({TopicPartition(topic.name, number): 0 for number in range(4, 8)})
    with sender(log.brokers) as producer:
        log.send(producer, after)
    assert worker.stop() == 0
    worker = stage.start()
    stage.wait_read(len(log.sent))
    assert worker.stop() == 0
    assert {part.partition for part in stage.committed()} >= set(range(8))
    check(stage, log)
