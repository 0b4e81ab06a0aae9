"""`earshot forget`: what a person sees of it, and what nobody may see."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from schemas.catalog import TOPICS
from schemas.errors import SinkError, StreamError
from schemas.registry import subject_of
from streams.cli.forget import forget
from streams.forgetting import OF_CUSTOMERS, Request, bury, wait_until_erased
from streams.producing import Publisher
from streams.settings import load_settings
from tests.builders import ANSWERS, NOW_MS, answer
from tests.waiting import until
from tests.worker.harness import Stage, end_offsets
from tests.worker.sending import REGISTRY, Outgoing, encode, sender

APP = typer.Typer()
APP.command()(forget)


@pytest.fixture
def settings_of(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have commands of this process use the stage."""
    for name, value in {
        "KAFKA__BROKERS": stage.brokers,
        "CLICKHOUSE__HOST": stage.access.host,
        "CLICKHOUSE__PORT": str(stage.access.port),
        "CLICKHOUSE__USER": stage.access.user,
        "CLICKHOUSE__PASSWORD": stage.access.password,
        "CLICKHOUSE__DATABASE": stage.name,
    }.items():
        monkeypatch.setenv(f"EARSHOT_{name}", value)


def case(case_id: str, customer: str | None, anonymous: str | None = None) -> dict[str, Any]:
    return {
        "case_id": case_id, "state": "OPEN", "customer_id": customer, "anonymous_id": anonymous,
        "urgency": 1, "opened_at": NOW_MS, "event_time": NOW_MS,
    }  # fmt: skip


def newest_cases(brokers: str) -> dict[str, bytes | None]:
    """Return the newest value of every key, as compaction leaves them."""
    from streams.forgetting.compacted import _all_of

    return {record.key.decode(): record.value for record in _all_of("feedback.care", brokers)}


@pytest.mark.kafka
@pytest.mark.clickhouse
@pytest.mark.usefixtures("settings_of")
def test_a_customer_is_erased_and_nobody_hears_the_id(stage: Stage) -> None:
    name = f"customer-{uuid.uuid4().hex}"
    value = encode(ANSWERS, answer(customer_id=name))
    other = encode(ANSWERS, answer(response_id="r2", customer_id="somebody else"))
    worker = stage.start()
    with sender(stage.brokers) as one:
        one.send(
            [
                Outgoing(ANSWERS, name.encode(), value, NOW_MS),
                Outgoing(ANSWERS, b"somebody else", other, NOW_MS),
                Outgoing(ANSWERS, name.encode(), b"damaged", NOW_MS),
            ]
        )
    stage.wait_read(3)
    with Publisher(stage.brokers, REGISTRY) as publisher:
        publisher.publish("feedback.care", case(f"of {name}", name), f"of {name}")
        publisher.publish("feedback.care", case("another", "somebody else"), "another")
    done = CliRunner().invoke(APP, ["--customer", "-", "--yes", "--json"], input=f"{name}\n")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["mode"] == "keep"
    assert told["topics"][ANSWERS]["rows"] == 1
    assert {one["partitions"] for one in told["topics"].values()} == {4}
    assert told["tombstones"] == {"feedback.care": 1}
    newest = newest_cases(stage.brokers)
    assert newest[f"of {name}"] is None
    assert newest["another"] is not None
    raw = stage.clickhouse.rows(f"SELECT customer_id FROM {stage.name}.answers")
    assert raw == [("somebody else",)]
    assert stage.clickhouse.rows(f"SELECT count() FROM {stage.name}.rejects") == [(0,)]
    audit = stage.clickhouse.rows(
        f"SELECT * FROM {stage.name}.erasures FINAL WHERE request = %(request)s",
        {"request": told["request"]},
    )
    assert len(audit) == 16
    assert sum(row[8] for row in audit) == 1
    again = CliRunner().invoke(APP, ["--customer", name, "--drop", "--yes"])
    assert again.exit_code == 0, again.output
    assert "retention" in again.output
    assert "No record of this customer" in again.output
    assert worker.stop() == 0
    kept = [
        repr(stage.clickhouse.rows(f"SELECT * FROM {stage.name}.{table}"))
        for (table,) in stage.clickhouse.rows(
            f"SELECT name FROM system.tables WHERE database = '{stage.name}' AND engine LIKE '%MergeTree'"
        )
    ]
    for text in (done.output, again.output, worker.log.read_text(encoding="utf-8"), *kept):
        assert name not in text


@pytest.mark.kafka
@pytest.mark.clickhouse
@pytest.mark.usefixtures("settings_of")
def test_without_a_worker_it_says_so_and_the_request_stands(stage: Stage) -> None:
    done = CliRunner().invoke(APP, ["--customer", "somebody", "--wait", "0", "--yes"])
    assert isinstance(done.exception, StreamError)
    assert "0 of 16 partitions" in done.exception.what
    assert "worker" in done.exception.cure
    assert "somebody" not in str(done.exception) + done.output
    worker = stage.start()
    marked = f"SELECT count() FROM {stage.name}.erasures FINAL"
    until("all markers", lambda: stage.clickhouse.rows(marked) == [(16,)])
    assert worker.stop() == 0


@pytest.mark.kafka
@pytest.mark.clickhouse
@pytest.mark.usefixtures("settings_of")
def test_nothing_is_asked_of_kafka_before_the_tables_are_there(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EARSHOT_CLICKHOUSE__DATABASE", "not_there")
    before = end_offsets(stage.brokers)
    done = CliRunner().invoke(APP, ["--customer", "somebody", "--yes"])
    assert isinstance(done.exception, SinkError)
    assert "earshot migrate" in done.exception.cure
    assert end_offsets(stage.brokers) == before


@pytest.mark.parametrize(
    "arguments", [[], ["--customer", "a", "--anonymous", "b"], ["--customer", ""]]
)
def test_it_wants_one_id(arguments: list[str]) -> None:
    done = CliRunner().invoke(APP, [*arguments, "--yes"])
    assert done.exit_code == 2
    assert "id" in done.output or "--anonymous" in done.output


@pytest.mark.parametrize(("given", "typed"), [("-", "somebody\n"), ("somebody", "y\n")])
def test_without_a_terminal_it_erases_nobody_unasked(given: str, typed: str) -> None:
    """What comes through a pipe is no answer: not even a y."""
    done = CliRunner().invoke(APP, ["--customer", given], input=typed)
    assert done.exit_code == 2
    assert "--yes" in done.output
    assert "somebody" not in done.output


@pytest.mark.parametrize("answered", ["n\n", ""])
def test_on_a_terminal_no_is_no(monkeypatch: pytest.MonkeyPatch, answered: str) -> None:
    monkeypatch.setattr("streams.cli.forget._on_a_terminal", lambda: True)
    done = CliRunner().invoke(APP, ["--customer", "one"], input=answered)
    assert done.exit_code == 1
    assert "cannot be undone" in done.output


@pytest.mark.kafka
def test_cases_of_an_anonymous_customer(kafka_brokers: str, stage: Stage) -> None:
    assert stage.brokers == kafka_brokers  # the topics exist
    name = uuid.uuid4().hex
    with Publisher(kafka_brokers, REGISTRY) as publisher:
        publisher.publish("feedback.care", case(f"1 {name}", None, name), f"1 {name}")
        publisher.publish("feedback.care", case(f"2 {name}", "known", name), f"2 {name}")
        publisher.publish("feedback.care", case(f"3 {name}", name), f"3 {name}")
        publisher.publish_raw("feedback.care", b"damaged", f"4 {name}".encode())
        publisher.publish_raw("feedback.care", b"damaged", name.encode())
        publisher.flush()
        request = Request(name, "anonymous", "keep")
        assert bury("feedback.care", request, publisher, REGISTRY) == 2
        assert bury("feedback.care", request, publisher, REGISTRY) == 0
        # A customer of the same id: the key does not say which of the two it is, and has to go.
        publisher.publish("feedback.care", case(f"5 {name}", name), name)
        publisher.flush()
        assert bury("feedback.care", request, publisher, REGISTRY) == 1
    gone = {key for key, value in newest_cases(kafka_brokers).items() if value is None}
    assert {f"1 {name}", name} <= gone
    assert not gone & {f"2 {name}", f"3 {name}", f"4 {name}"}


def test_every_compacted_topic_that_names_customers_is_cleared() -> None:
    naming = set()
    for topic in TOPICS:
        fields = {
            field["name"] for field in REGISTRY.latest(subject_of(topic.name)).definition["fields"]
        }
        if topic.cleanup == "compact" and fields & {"customer_id", "anonymous_id"}:
            naming.add(topic.name)
    assert naming == set(OF_CUSTOMERS)


def test_a_request_does_not_show_the_id() -> None:
    request = Request("who it is", "customer", "drop")
    assert "who it is" not in repr(request)
    assert len(request.id) == 32
    assert load_settings().privacy.forget == "keep"


@pytest.mark.clickhouse
def test_waiting_ends_when_the_ledgers_have_passed(stage: Stage) -> None:
    clock = iter(range(100))
    with pytest.raises(StreamError, match="0 of 2 partitions"):
        wait_until_erased(
            stage.clickhouse, "r", {ANSWERS: 2}, limit_s=3,
            now=lambda: float(next(clock)), sleep=lambda _: None,
        )  # fmt: skip
