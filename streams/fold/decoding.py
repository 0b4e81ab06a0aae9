"""Bytes to records, one by one: the reference path. A damaged record is a rejection, never an error."""

from __future__ import annotations

from typing import Any

from schemas.codec import Decoder, MalformedRecord, TrailingBytes
from schemas.framing import unframe
from schemas.registry import FileRegistry, Registry, UnknownSchema, subject_of
from streams.fold.rejection import Rejection

__all__ = ["RecordDecoder"]


_SHIPPED = FileRegistry()


class RecordDecoder:
    """Decode the values of the input topics.

    A schema id is looked up once. `RegistryUnavailable` passes through: the registry's outage is
    not the record's fault, and the caller waits.
    """

    def __init__(self, registry: Registry, *, max_bytes: int) -> None:
        self._registry = registry
        self._max_bytes = max_bytes
        self._decoders: dict[tuple[str, int], Decoder | Rejection] = {}

    def decode(
        self, topic: str, value: bytes | None, *, any_size: bool = False
    ) -> dict[str, Any] | Rejection:
        """Return the record, or why there is none. `any_size`: the limit does not judge it.

        Raises:
            RegistryUnavailable: The schema is not known yet and the registry does not answer.
        """
        if value is None:
            return Rejection("tombstone", "the value is null")
        if not value:
            return Rejection("empty", "the value has no bytes")
        if len(value) > self._max_bytes and not any_size:
            return Rejection("too_large", f"{len(value)} bytes, the limit is {self._max_bytes}")
        framed = unframe(value)
        if framed is None:
            return Rejection("bad_magic", "no header of the wire format")
        decoder = self._decoders.get((topic, framed.schema_id)) or self._decoder(
            topic, framed.schema_id
        )
        if isinstance(decoder, Rejection):
            return decoder
        try:
            return decoder.decode(framed.body)
        except TrailingBytes as error:
            return Rejection("trailing_bytes", error.what)
        except MalformedRecord as error:
            return Rejection("malformed", error.what)

    def _decoder(self, topic: str, schema_id: int) -> Decoder | Rejection:
        subject = subject_of(topic)
        try:
            writer = self._registry.by_id(schema_id)
        except UnknownSchema:
            # Not remembered: the schema may be registered a moment later.
            return Rejection("unknown_schema", f"no schema has the id {schema_id}")
        found: Decoder | Rejection
        if writer.subject != subject:
            found = Rejection(
                "wrong_schema", f"schema {schema_id} is {writer.subject}, not {subject}"
            )
        else:
            # Read as the schema this code was made for. The newest one may lack a field we need.
            found = Decoder(writer, _SHIPPED.latest(subject))
        self._decoders[topic, schema_id] = found
        return found
