"""A partition stops where going on would be wrong, says so, and goes on by itself once that is mended."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from kafka import KafkaAdminClient
from kafka.admin import NewTopic

from deploy.local.clickhouse import ClickHouseAccess
from deploy.local.kafka import KafkaPart
from schemas.catalog import TOPICS
from schemas.framing import frame
from schemas.registry import FileRegistry, subject_of
from schemas.registry.base import RegisteredSchema
from tests.builders import ANSWERS, answer
from tests.faults.log import Log, log_of, stream
from tests.faults.oracle import check_verified
from tests.faults.servers import own_kafka
from tests.replaying.commands import earshot
from tests.schemas.registry_server import registry_server
from tests.waiting import until
from tests.worker.sending import Outgoing, encode, on_the_wire, sender, truth_of

pytestmark = [pytest.mark.kafka, pytest.mark.clickhouse, pytest.mark.faults]


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaPart]:
    with own_kafka(tmp_path_factory.mktemp("kafka")) as part:
        yield part


@pytest.fixture
def log(kafka: KafkaPart, clickhouse: ClickHouseAccess, tmp_path: Path) -> Iterator[Log]:
    with log_of(kafka.address, clickhouse, tmp_path) as one:
        yield one


def poison(count: int, now_ms: int) -> list[Outgoing]:
    return [Outgoing(ANSWERS, b"same-partition", b"\x01", now_ms) for _ in range(count)]


def test_a_bad_deployment_stops_a_partition_instead_of_rejecting_everything(log: Log) -> None:
    stage = log.stage()
    sent = stream(300)
    now_ms = sent[-1].at_ms
    with sender(log.brokers) as producer:
        worker = stage.start(reject_run=50)
        places = producer.send(poison(400, now_ms))
        worker.wait_event("partition_stopped")
        (stop,) = worker.events("partition_stopped")
        assert stop["reason"] == "too_many_rejects"
        assert stop["partition"] == places[0][1]
        log.send(producer, [event for event in sent if event.topic != ANSWERS])
    stage.wait_read(len(log.sent))
    code, said = earshot(stage, "status")
    assert code == 4
    assert "too_many_rejects" in said
    assert "earshot resume" in said
    rejected = stage.clickhouse.rows(
        f"SELECT count() FROM {stage.name}.rejects FINAL WHERE _topic = '{ANSWERS}'"
    )
    assert rejected[0][0] < 200, "not everything was rejected"
    code, said = earshot(stage, "resume", f"{ANSWERS}/{places[0][1]}", "--accept", "rejects")
    assert code == 0, said
    stage.wait_read(len(log.sent) + 400)
    assert worker.stop() == 0
    assert stage.fates()[ANSWERS, "rejected"] == 400
    check_verified(stage)


def test_a_table_that_is_missing_is_waited_for(log: Log) -> None:
    stage = log.stage()
    sent = stream(200)
    stage.clickhouse.command(f"RENAME TABLE {stage.name}.slices TO {stage.name}.slices_away")
    worker = stage.start()
    with sender(log.brokers) as producer:
        log.send(producer, sent)
    worker.wait_event("waiting", count=2)
    assert "earshot migrate" in worker.events("waiting")[0]["cure"]
    assert stage.read() == 0
    stage.clickhouse.command(f"RENAME TABLE {stage.name}.slices_away TO {stage.name}.slices")
    stage.wait_read(len(sent))
    assert worker.stop() == 0
    assert stage.fates() == dict(truth_of(sent).fates)
    check_verified(stage)


def test_a_schema_is_registered_after_its_first_record(log: Log) -> None:
    shipped = FileRegistry()
    known = [shipped.latest(subject_of(topic.name)) for topic in TOPICS]
    newest = shipped.latest(subject_of(ANSWERS))
    later = RegisteredSchema(900_001, newest.subject, newest.version + 1, newest.definition)
    stage = log.stage()
    now_ms = stream(1)[0].at_ms
    with registry_server(list(known)) as registry, sender(log.brokers) as producer:
        stage.variables["EARSHOT_REGISTRY__URL"] = registry.url
        worker = stage.start()
        record = answer(responded_at=now_ms, updated_at=None, invited_at=None)
        body = encode(ANSWERS, record)[5:]
        another = encode(ANSWERS, record | {"response_id": "r-2"})
        for value in (frame(later.id, body), another):
            producer.send([Outgoing(ANSWERS, b"k", value, now_ms)])
        worker.wait_event("partition_stopped")
        assert worker.events("partition_stopped")[0]["reason"] == "unknown_schema"
        assert stage.read() == 0
        registry.schemas.append(later)
        stage.wait_read(2)
        assert worker.stop() == 0
    assert stage.fates() == {(ANSWERS, "accepted"): 2}


def test_a_topic_is_deleted_and_created_again(log: Log) -> None:
    stage = log.stage()
    first, second = stream(400), stream(300, seed=8)
    with sender(log.brokers) as producer:
        log.send(producer, first)
    worker = stage.start()
    stage.wait_read(len(first))
    admin = KafkaAdminClient(bootstrap_servers=log.brokers)
    try:
        admin.delete_topics([ANSWERS])
        until("the end of the topic", lambda: ANSWERS not in admin.list_topics())
        admin.create_topics([NewTopic(ANSWERS, num_partitions=4, replication_factor=1)])
    finally:
        admin.close()
    with sender(log.brokers) as producer:
        producer.send(map(on_the_wire, second))
    worker.wait_event("epoch_changed", within_s=120)
    stage.wait_read(len(first) + len(second), within_s=120)
    assert worker.stop() == 0
    epochs = stage.clickhouse.rows(
        f"SELECT DISTINCT _epoch FROM {stage.name}.ledger WHERE _topic = '{ANSWERS}' ORDER BY 1"
    )
    assert epochs == [(0,), (1,)]
    ours = truth_of(first).fates + truth_of(second).fates
    answers = {key: n for key, n in stage.fates().items() if key[0] == ANSWERS}
    assert answers == {key: n for key, n in ours.items() if key[0] == ANSWERS}
    check_verified(stage)
