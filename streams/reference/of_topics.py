"""docs/topics.md: every topic, and every field of its schema."""

from __future__ import annotations

import json
from typing import Any

from schemas.catalog import TOPICS, Topic
from schemas.registry import FileRegistry, RegisteredSchema, subject_of
from streams.reference.markdown import code, table

__all__ = ["topics_part"]


def topics_part() -> str:
    """Return the table of topics, and the fields of each one's newest schema."""
    registry = FileRegistry()
    rows = [
        (
            f"[{topic.name}](#{topic.name.replace('.', '')})",
            topic.doc,
            topic.owner,
            ", ".join(topic.writers),
            ", ".join(topic.readers),
        )
        for topic in TOPICS
    ]
    parts = [table(["topic", "holds", "owner", "written by", "read by"], rows)]
    parts += [_topic(topic, registry.latest(subject_of(topic.name))) for topic in TOPICS]
    return "\n\n".join(parts)


def _topic(topic: Topic, schema: RegisteredSchema) -> str:
    partitions = topic.partitions or "as many as `kafka.partitions` says"
    rows = [
        (
            code(field["name"]),
            _type(field["type"]),
            code(_default(field["default"])) if "default" in field else "required",
            field.get("doc", ""),
        )
        for field in schema.definition["fields"]
    ]
    facts = [
        f"* Key: {topic.key}.",
        f"* Partitions: {partitions}.",
        f"* Kept: {topic.retention}.",
        f"* Schema: `schemas/avro/{topic.name}.v{schema.version}.avsc`, subject `{schema.subject}`, "
        f"version {schema.version}, id {schema.id} without a registry.",
    ]
    doc = schema.definition["doc"]
    fields = table(["field", "type", "default", "meaning"], rows)
    return f"## {topic.name}\n\n{doc}\n\n" + "\n".join(facts) + f"\n\n{fields}"


def _default(value: Any) -> str:
    return value if isinstance(value, str) and value else json.dumps(value)


def _type(definition: Any) -> str:
    if isinstance(definition, str):
        return definition
    if isinstance(definition, list):
        return " or ".join(_type(branch) for branch in definition)
    if definition["type"] == "enum":
        return "one of " + ", ".join(definition["symbols"])
    if definition["type"] == "array":
        return f"list of {_type(definition['items'])}"
    if definition["type"] == "record":
        inner = ", ".join(
            f"{field['name']}: {_type(field['type'])}" for field in definition["fields"]
        )
        return f"({inner})"
    return str(definition.get("logicalType", definition["type"]))
