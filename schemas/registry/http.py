"""A Confluent-compatible schema registry over HTTP.

Speaks the calls that Confluent Schema Registry, Karapace and Apicurio Registry share; Apicurio's are
below `/apis/ccompat/v7`, which then belongs to the URL.
Source: https://docs.confluent.io/platform/current/schema-registry/develop/api.html
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from schemas.catalog import TOPICS
from schemas.errors import SchemaError
from schemas.registry.base import RegisteredSchema, UnknownSchema, subject_of
from schemas.registry.flight import SingleFlight
from schemas.registry.transport import Reply, Transport

__all__ = ["HttpRegistry"]

_MAX_ID = 2**31 - 1
_MOST_UNKNOWN = 10_000
_OURS = frozenset(subject_of(topic.name) for topic in TOPICS)


class HttpRegistry:
    """Look schemas up in a registry. Safe to share between threads.

    An id is asked for once and kept for ever. An unknown id, and the newest version of a subject, are
    asked for again after `recheck_s` seconds of `clock`. A failure is never kept.

    Raises:
        ConfigError: The URL is none, or httpx is not installed.
    """

    def __init__(
        self,
        url: str,
        user: str = "",
        password: str = "",
        timeout_s: float = 5.0,
        *,
        recheck_s: float = 10.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._transport = Transport(url, user, password, timeout_s, time.monotonic)
        self._recheck_s = recheck_s
        self._clock = clock
        self._flight: SingleFlight[RegisteredSchema] = SingleFlight()
        self._by_id: dict[int, RegisteredSchema] = {}
        self._unknown: dict[int, float] = {}
        self._latest: dict[str, tuple[float, RegisteredSchema]] = {}

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def by_id(self, schema_id: int) -> RegisteredSchema:
        """Return the schema with this id.

        Where subjects share the id, the subject is one of Earshot's topics if any is.

        Raises:
            UnknownSchema: There is none, or it is not Avro.
            RegistryUnavailable: The registry did not answer.
        """
        found = self._by_id.get(schema_id)
        if found is not None:
            return found
        until = self._unknown.get(schema_id)
        if not 0 <= schema_id <= _MAX_ID or (until is not None and self._clock() < until):
            raise self._no_id(schema_id)
        return self._flight.run(schema_id, lambda: self._fetch(schema_id))

    def latest(self, subject: str) -> RegisteredSchema:
        """Return the newest version of a subject: the one to write with.

        Raises:
            UnknownSchema: There is no such subject.
            RegistryUnavailable: The registry did not answer.
        """
        until, found = self._latest.get(subject, (0.0, None))
        if found is not None and self._clock() < until:
            return found
        return self._flight.run(subject, lambda: self._fetch_latest(subject))

    def register(self, subject: str, definition: Mapping[str, Any]) -> RegisteredSchema:
        """Release a definition as the newest version of a subject; nothing changes if it is one already.

        Raises:
            SchemaError: The registry refuses it: incompatible with a released version, or not Avro.
            RegistryUnavailable: The registry did not answer.
        """
        reply = self._transport.ask(
            "POST", f"/subjects/{quote(subject, safe='')}/versions", _body(definition)
        )
        if reply.incompatible or reply.invalid:
            why = "incompatible with a released version" if reply.incompatible else "not valid Avro"
            raise SchemaError(
                f"The registry refuses the schema for {subject}: it is {why}.",
                cure="docs/schemas.md tells which changes are possible.",
            )
        schema_id = self._field(reply, "id", int)
        self._latest.pop(subject, None)
        self._unknown.pop(schema_id, None)
        versions = [number for name, number in self._places(schema_id) if name == subject]
        return RegisteredSchema(schema_id, subject, max(versions, default=0), dict(definition))

    def check(self, subject: str, definition: Mapping[str, Any]) -> bool:
        """Return whether the registry would accept a definition beside every released version.

        True for a subject without versions. The rule is the one set in the registry for the subject.
        A registry that compares with one version a call (Karapace) is asked for the newest only, so
        `register` may still refuse.

        Raises:
            SchemaError: The definition is not valid Avro.
            RegistryUnavailable: The registry did not answer.
        """
        versions = f"/compatibility/subjects/{quote(subject, safe='')}/versions"
        reply = self._transport.ask("POST", versions, _body(definition))
        if reply.no_such_call:
            reply = self._transport.ask("POST", f"{versions}/latest", _body(definition))
        if reply.unknown:
            return True
        if reply.invalid:
            raise SchemaError(f"The registry finds the schema for {subject} not valid Avro.")
        return bool(self._field(reply, "is_compatible", bool))

    def _fetch(self, schema_id: int) -> RegisteredSchema:
        if schema_id in self._by_id:  # answered while this thread came here
            return self._by_id[schema_id]
        reply = self._transport.ask("GET", f"/schemas/ids/{schema_id}")
        if reply.unknown or (reply.ok and not _is_avro(reply)):
            if len(self._unknown) >= _MOST_UNKNOWN:
                self._unknown.clear()  # damaged records could name any id: the memory is bounded
            self._unknown[schema_id] = self._clock() + self._recheck_s
            raise self._no_id(schema_id)
        places = self._places(schema_id) or _place(reply.data) or self._newest_with(schema_id)
        if not places:
            raise self._transport.unavailable(
                f"does not tell the subject of schema {schema_id}",
                cure="Earshot needs its call GET /schemas/ids/<id>/versions.",
            )
        subject, version = min(places, key=lambda place: (place[0] not in _OURS, place))
        found = RegisteredSchema(schema_id, subject, version, self._definition(reply))
        self._by_id[schema_id] = found
        return found

    def _fetch_latest(self, subject: str) -> RegisteredSchema:
        reply = self._transport.ask("GET", f"/subjects/{quote(subject, safe='')}/versions/latest")
        if reply.unknown or (reply.ok and not _is_avro(reply)):
            raise UnknownSchema(
                f"The schema registry has no Avro schema for {subject}.",
                cure="Register it; docs/schemas.md tells how.",
            )
        found = RegisteredSchema(
            id=self._field(reply, "id", int),
            subject=subject,
            version=self._field(reply, "version", int),
            definition=self._definition(reply),
        )
        self._latest[subject] = (self._clock() + self._recheck_s, found)
        return found

    def _places(self, schema_id: int) -> list[tuple[str, int]]:
        """Return every subject and version with this id; none if the registry does not tell.

        Deleted versions count: the log may still hold records written with them.
        """
        reply = self._transport.ask("GET", f"/schemas/ids/{schema_id}/versions?deleted=true")
        if reply.unknown or reply.no_such_call:
            return []
        rows = reply.data if reply.ok and isinstance(reply.data, list) else None
        if rows is None:
            raise self._transport.garbled()
        return [place for row in rows for place in _place(row)]

    def _newest_with(self, schema_id: int) -> list[tuple[str, int]]:
        """Return our subjects whose newest version has this id."""
        places = []
        for subject in sorted(_OURS):
            try:
                newest = self.latest(subject)
            except UnknownSchema:
                continue
            if newest.id == schema_id:
                places.append((subject, newest.version))
        return places

    def _definition(self, reply: Reply) -> dict[str, Any]:
        try:
            definition = json.loads(self._field(reply, "schema", str))
        except (ValueError, RecursionError):
            raise self._transport.garbled() from None
        if not isinstance(definition, dict):
            raise self._transport.garbled()
        return definition

    def _field(self, reply: Reply, name: str, kind: type) -> Any:
        value = reply.data.get(name) if reply.ok and isinstance(reply.data, dict) else None
        if not isinstance(value, kind):
            raise self._transport.garbled()
        return value

    def _no_id(self, schema_id: int) -> UnknownSchema:
        return UnknownSchema(
            f"The schema registry at {self._transport.address} has no Avro schema with the id {schema_id}.",
            cure="Register the schema before sending with it.",
        )


def _body(definition: Mapping[str, Any]) -> dict[str, str]:
    return {"schema": json.dumps(definition)}


def _is_avro(reply: Reply) -> bool:
    """Whether a schema is Avro: registries leave the type out where it is."""
    return not isinstance(reply.data, dict) or reply.data.get("schemaType") in (
        None,
        "AVRO",
    )


def _place(row: Any) -> list[tuple[str, int]]:
    """Return the subject and version of one JSON row, or nothing if it is not of that shape."""
    subject = row.get("subject") if isinstance(row, dict) else None
    version = row.get("version") if isinstance(row, dict) else None
    return [(subject, version)] if isinstance(subject, str) and isinstance(version, int) else []
