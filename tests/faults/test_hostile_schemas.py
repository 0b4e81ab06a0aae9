"""Schemas that grow and shrink in a registry while records of all their versions are on the way."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from deploy.local.clickhouse import ClickHouseAccess
from schemas.codec import Encoder
from schemas.framing import frame
from schemas.registry import RegisteredSchema, Registry, subject_of
from tests.builders import ANSWERS, answer
from tests.schemas.registry_server import registry_server
from tests.worker.harness import Stage, empty_inputs
from tests.worker.sending import REGISTRY, Outgoing, sender

pytestmark = [pytest.mark.kafka, pytest.mark.clickhouse, pytest.mark.faults]

_SUBJECT = subject_of(ANSWERS)
_MOOD = {"name": "mood", "type": ["null", "string"], "default": None}


@dataclass(frozen=True)
class _Only:
    """A registry of one schema: what a producer writes with."""

    schema: RegisteredSchema

    def latest(self, _: str) -> RegisteredSchema:
        return self.schema

    def by_id(self, _: int) -> RegisteredSchema:
        return self.schema


@pytest.fixture
def stage(kafka_brokers: str, clickhouse: ClickHouseAccess, tmp_path: Path) -> Iterator[Stage]:
    """Return a stage with its tables, over an empty log; no schema is waited for."""
    one = Stage(kafka_brokers, clickhouse, tmp_path, empty_inputs(kafka_brokers))
    one.variables["EARSHOT_REGISTRY__UNKNOWN_SCHEMA_S"] = "0"
    one.make_tables()
    yield one
    one.close()


def _version(number: int, fields: list[dict[str, Any]]) -> RegisteredSchema:
    definition = {**REGISTRY.latest(_SUBJECT).definition, "fields": fields}
    return RegisteredSchema(100 + number, _SUBJECT, number, definition)


def _written(schema: RegisteredSchema, name: str) -> Outgoing:
    """Return an answer as a producer with this schema sends it."""
    now_ms = int(time.time() * 1000)
    fields = {field["name"] for field in schema.definition["fields"]}
    record = {
        **answer(event_id=name, response_id=name, customer_id=name, responded_at=now_ms),
        "mood": "content",
    }
    known = {field: value for field, value in record.items() if field in fields}
    registry: Registry = _Only(schema)
    value = Encoder(registry, ANSWERS).encode(known)
    return Outgoing(ANSWERS, name.encode(), value, now_ms)


def _counted(stage: Stage, chain: list[RegisteredSchema]) -> None:
    """Have a worker read records of every version, those of unknown schemas among them."""
    shipped = [one for one in REGISTRY.all() if one.subject != _SUBJECT]
    first = REGISTRY.latest(_SUBJECT)
    wire = [_written(one, f"v{one.id}-{n}") for n in range(3) for one in (first, *chain)]
    lost = frame(4_711, (wire[0].value or b"")[5:])
    with registry_server([first, *chain, *shipped]) as registry, sender(stage.brokers) as producer:
        producer.send([*wire, Outgoing(ANSWERS, b"k", lost, wire[0].timestamp_ms), *wire])
        stage.variables["EARSHOT_REGISTRY__URL"] = registry.url
        worker = stage.start()
        stage.wait_read(2 * len(wire) + 1)
        assert worker.stop() == 0
    assert stage.fates() == {
        (ANSWERS, "accepted"): len(wire),
        (ANSWERS, "duplicate"): len(wire),
        (ANSWERS, "rejected"): 1,
    }


def test_a_field_comes_and_goes(stage: Stage) -> None:
    fields = REGISTRY.latest(_SUBJECT).definition["fields"]
    # Before all others: a reader that took the bytes for those of another version would trip.
    _counted(stage, [_version(2, [_MOOD, *fields]), _version(3, list(fields))])


def test_a_shipped_field_that_has_a_default_is_removed(stage: Stage) -> None:
    fields = REGISTRY.latest(_SUBJECT).definition["fields"]
    _counted(stage, [_version(2, [field for field in fields if field["name"] != "device"])])
