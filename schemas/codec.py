"""Avro bodies to records and back. The only module that names an Avro library.

Times are epoch milliseconds as plain integers: the fold needs numbers, and reading them as
`datetime` costs a third more.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import fastavro
from fastavro.schema import SchemaParseException

from schemas.errors import SchemaError
from schemas.framing import frame
from schemas.registry import RegisteredSchema, Registry, subject_of

__all__ = ["Decoder", "Encoder", "MalformedRecord", "TrailingBytes"]

Record = dict[str, Any]


class MalformedRecord(SchemaError):
    """The bytes do not follow their schema."""


class TrailingBytes(MalformedRecord):
    """The record ended before its bytes did."""


class Decoder:
    """Decode bodies written with one schema into records of the newest version of its subject."""

    def __init__(self, writer: RegisteredSchema, reader: RegisteredSchema) -> None:
        self._writer = _parse(writer)
        # A reader schema makes fastavro slower, so it is used only where it changes something.
        self._reader = None if reader.id == writer.id else _parse(reader)

    def decode(self, body: bytes) -> Record:
        """Return the record.

        Raises:
            MalformedRecord: The body is damaged. The message holds no value of the record.
            TrailingBytes: The body goes on after the record.
        """
        stream = io.BytesIO(body)
        try:
            record = fastavro.schemaless_reader(stream, self._writer, self._reader)
        except Exception as error:
            # The library's own text may quote the record, so only its type goes on.
            raise MalformedRecord(
                f"The body does not follow its schema ({type(error).__name__})."
            ) from None
        if stream.tell() != len(body):
            raise TrailingBytes(f"{len(body) - stream.tell()} bytes follow the end of the record.")
        if not isinstance(record, dict):
            raise MalformedRecord("The body is not a record.")
        return record


class Encoder:
    """Encode records for one topic with the newest version of its schema, in the wire format."""

    def __init__(self, registry: Registry, topic: str) -> None:
        self.schema = registry.latest(subject_of(topic))
        self._parsed = _parse(self.schema)
        self._names = {field["name"] for field in self.schema.definition["fields"]}

    def encode(self, record: Mapping[str, Any]) -> bytes:
        """Return the framed bytes. Fields with a default may be left out.

        Raises:
            SchemaError: The record lacks a field or holds a wrong type.
        """
        # The library passes over what it does not know: a misspelt field would be lost in silence.
        if unknown := record.keys() - self._names:
            raise SchemaError(
                f"A record for {self.schema.subject} has fields its schema does not: "
                f"{', '.join(sorted(unknown))}.",
                cure="Every field is described in docs/topics.md.",
            )
        out = io.BytesIO()
        try:
            fastavro.schemaless_writer(out, self._parsed, record)
        except (ValueError, TypeError, OverflowError) as error:
            raise SchemaError(
                f"A record for {self.schema.subject} does not follow its schema: "
                f"{self._culprit(record)} is missing or of another type.",
                cure="Every field is described in docs/topics.md.",
            ) from error
        return frame(self.schema.id, out.getvalue())

    def _culprit(self, record: Mapping[str, Any]) -> str:
        """Return the name of the first field that cannot be written. Its value stays untold."""
        definition = _plain(self.schema.definition)
        before: list[dict[str, Any]] = []
        for field in definition["fields"]:
            # A field may use a type that an earlier one defined, so each is tried behind those.
            before.append(field)
            alone = fastavro.parse_schema({**definition, "fields": list(before)})
            try:
                fastavro.schemaless_writer(io.BytesIO(), alone, record)
            except (ValueError, TypeError, OverflowError):
                return str(field["name"])
        return "a field"


def _parse(schema: RegisteredSchema) -> Any:
    try:
        return fastavro.parse_schema(_plain(schema.definition))
    except (SchemaParseException, KeyError, ValueError) as error:
        raise SchemaError(
            f"Schema {schema.id} ({schema.subject}) is not valid Avro: {error}"
        ) from None


def _plain(node: Any) -> Any:
    """Drop the logical types, so that a time stays an integer."""
    if isinstance(node, dict):
        return {name: _plain(value) for name, value in node.items() if name != "logicalType"}
    if isinstance(node, list):
        return [_plain(value) for value in node]
    return node
