"""What every shipped schema must be, so that a whole batch of it can be read into columns."""

from __future__ import annotations

import io
import random
from collections.abc import Iterator
from typing import Any

import fastavro
import polars
import pytest
from fastavro.utils import generate_many

from schemas.catalog import INPUTS, TOPICS
from schemas.compatibility import require_compatible
from schemas.registry import FileRegistry, RegisteredSchema, subject_of

SHIPPED = FileRegistry().all()
every_schema = pytest.mark.parametrize(
    "schema", SHIPPED, ids=lambda schema: f"{schema.subject}.v{schema.version}"
)


def _nodes(node: Any) -> Iterator[dict[str, Any]]:
    """Yield every JSON object of a definition."""
    if isinstance(node, dict):
        yield node
        for value in node.values():
            yield from _nodes(value)
    elif isinstance(node, list):
        for value in node:
            yield from _nodes(value)


def _without(node: Any, *names: str) -> Any:
    if isinstance(node, dict):
        return {key: _without(value, *names) for key, value in node.items() if key not in names}
    if isinstance(node, list):
        return [_without(value, *names) for value in node]
    return node


@every_schema
def test_there_are_no_maps_and_no_fixed(schema: RegisteredSchema) -> None:
    assert not [node for node in _nodes(schema.definition) if node.get("type") in ("map", "fixed")]


@every_schema
def test_records_are_inside_arrays_only(schema: RegisteredSchema) -> None:
    for field in schema.definition["fields"]:
        kind = field["type"]
        assert not (isinstance(kind, dict) and kind.get("type") == "record"), field["name"]
        if isinstance(kind, dict) and kind.get("type") == "array":
            items = kind["items"]
            inner = items["fields"] if isinstance(items, dict) else []
            for part in inner:
                assert all(
                    node.get("type") not in ("record", "array") for node in _nodes(part["type"])
                )


@every_schema
def test_unions_are_null_or_one_plain_type(schema: RegisteredSchema) -> None:
    for node in _nodes(schema.definition):
        kind = node.get("type")
        if isinstance(kind, list):
            first, second = kind
            assert first == "null", node["name"]
            plain = second if isinstance(second, str) else second["type"]
            assert plain in {"string", "int", "long", "double", "bytes", "boolean"}, node["name"]


@every_schema
def test_enums_begin_with_their_default_unknown(schema: RegisteredSchema) -> None:
    for node in _nodes(schema.definition):
        if node.get("type") == "enum":
            assert node["symbols"][0] == node["default"] == "UNKNOWN", node["name"]


@every_schema
def test_everything_named_is_explained(schema: RegisteredSchema) -> None:
    for node in _nodes(schema.definition):
        if "name" in node:
            assert node.get("doc", "").endswith("."), (
                f"{node['name']} has no doc that is a sentence"
            )


@every_schema
def test_nullable_fields_default_to_null(schema: RegisteredSchema) -> None:
    for field in schema.definition["fields"]:
        if isinstance(field["type"], list):
            assert field.get("default", "none") is None, field["name"]


@every_schema
def test_a_batch_is_read_into_columns_unchanged(schema: RegisteredSchema) -> None:
    # polars refuses a header with a default that is not null; docs and defaults are no part of the body.
    header = _without(schema.definition, "doc", "default", "logicalType")
    parsed = fastavro.parse_schema(header)
    random.seed(7)
    records = list(generate_many(parsed, 40))
    container = io.BytesIO()
    fastavro.writer(container, parsed, records)
    container.seek(0)
    frame = polars.read_avro(container)
    assert frame.columns == [field["name"] for field in schema.definition["fields"]]
    assert frame.to_dicts() == records


def test_every_released_version_reads_every_other() -> None:
    require_compatible(SHIPPED)


def test_each_topic_has_a_schema_and_each_schema_a_topic() -> None:
    assert {schema.subject for schema in SHIPPED} == {subject_of(topic.name) for topic in TOPICS}


def test_inputs_are_keyed_alike_and_share_their_partitions() -> None:
    assert {topic.key for topic in INPUTS} == {"customer_id, or anonymous_id"}
    # None means: as many as the setting says, the same number for all.
    assert {topic.partitions for topic in INPUTS} == {None}


def test_topics_keep_what_their_readers_need() -> None:
    for topic in TOPICS:
        assert topic.doc
        assert topic.writers
        assert topic.readers
        if topic.cleanup == "delete":
            assert topic.retention_ms > 0
            assert topic.retention == "90 days"
        else:
            assert topic.retention == "newest of each key"
    assert len({topic.name for topic in TOPICS}) == len(TOPICS)


@pytest.mark.parametrize("topic", [topic.name for topic in INPUTS])
def test_an_event_can_be_placed_by_key_and_time(topic: str) -> None:
    fields = {one["name"] for one in FileRegistry().latest(subject_of(topic)).definition["fields"]}
    assert {"event_id", "source", "customer_id", "anonymous_id", "tenant_id", "is_test"} <= fields
    assert fields & {"event_time", "responded_at"}
