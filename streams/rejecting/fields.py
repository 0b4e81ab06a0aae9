"""What a rejected value holds, field by field: names and types; values only for who asks for them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from schemas.codec import Decoder, MalformedRecord, TrailingBytes
from schemas.framing import unframe
from schemas.registry import RegisteredSchema, Registry, UnknownSchema

__all__ = ["FieldSeen", "fields_of"]

#: Fields that are wrong together: a measure is chosen by all of these.
_TOGETHER = {
    "no_measure": ("survey_kind", "metric", "scale_min", "scale_max", "higher_is_better"),
}

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class FieldSeen:
    """One field of a value.

    Attributes:
        name: Its name.
        type: Its type in words, for example `string or null`.
        wrong: Whether it is what the record was rejected for.
        read: Whether it could be read from the bytes.
        value: What it holds, if it could be read. May be personal: kept out of `repr`.
    """

    name: str
    type: str
    wrong: bool
    read: bool
    value: Any = field(default=None, repr=False)


def fields_of(registry: Registry, value: bytes | None, reason: str, detail: str) -> list[FieldSeen]:
    """Return the fields of the schema a value names, in its order; none if it names none that is known.

    Where the body does not follow its schema, fields are read as far as it goes, and the first one that
    cannot be is the wrong one. Bytes may be damaged and still readable: then what stands before that
    one is wrong already, and nobody can tell.

    Raises:
        RegistryUnavailable: The registry does not answer.
    """
    framed = unframe(value) if value else None
    if framed is None:
        return []
    try:
        writer = registry.by_id(framed.schema_id)
    except UnknownSchema:
        return []
    fields = writer.definition["fields"]
    names = [each["name"] for each in fields]
    held, stopped_at = _read(writer, names, framed.body)
    wrong = {stopped_at} if stopped_at else set(_named(reason, detail, names))
    return [
        FieldSeen(
            name=each["name"],
            type=_in_words(each["type"]),
            wrong=each["name"] in wrong,
            read=each["name"] in held,
            value=_shown(each["type"], held.get(each["name"])),
        )
        for each in fields
    ]


def _read(writer: RegisteredSchema, names: list[str], body: bytes) -> tuple[dict[str, Any], str]:
    """Return what can be read, and the first field that cannot, or nothing."""
    try:
        return Decoder(writer, writer).decode(body), ""
    except MalformedRecord:
        pass
    held: dict[str, Any] = {}
    for count, name in enumerate(names, 1):
        # A field may use a type that an earlier one defined, so each is tried behind those.
        definition = {**writer.definition, "fields": writer.definition["fields"][:count]}
        some = RegisteredSchema(writer.id, writer.subject, writer.version, definition)
        read = _first_of(some, body)
        if read is None:
            return held, name
        held = read
    return held, ""  # all of them, and bytes behind the last one


def _first_of(some: RegisteredSchema, body: bytes) -> dict[str, Any] | None:
    """Return what the first fields of a body hold, None if they cannot be read."""
    low = len(body)
    decoder = Decoder(some, some)
    try:
        return decoder.decode(body)
    except TrailingBytes as error:
        # The decoder says how many bytes follow; without them it is whole.
        behind = re.match(r"\d+", error.what)
        low -= int(behind[0]) if behind else 0
    except MalformedRecord:
        return None
    return decoder.decode(body[:low])


def _named(reason: str, detail: str, names: list[str]) -> list[str]:
    """Return the fields that the detail of a rejection names."""
    if reason in _TOGETHER:
        return [name for name in _TOGETHER[reason] if name in names]
    return [name for name in names if re.search(rf"\b{re.escape(name)}\b", detail)]


def _in_words(kind: Any) -> str:
    """Return an Avro type in words.

    >>> _in_words(["null", {"type": "long", "logicalType": "timestamp-millis"}])
    'time or null'
    >>> _in_words({"type": "array", "items": "string"})
    'list of string'
    """
    if isinstance(kind, list):
        parts = sorted((_in_words(part) for part in kind), key=lambda part: part == "null")
        return " or ".join(parts)
    if isinstance(kind, str):
        return kind.rsplit(".", maxsplit=1)[-1]
    if kind.get("logicalType") == "timestamp-millis":
        return "time"
    if kind["type"] == "array":
        return f"list of {_in_words(kind['items'])}"
    if kind["type"] == "enum":
        return "one of its symbols"
    if kind["type"] == "record":
        return "record"
    return _in_words(kind["type"])


def _shown(kind: Any, value: Any) -> Any:
    """Return a value as people read it: an instant for a time, hex for bytes."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, int) and not isinstance(value, bool) and "time" in _in_words(kind).split():
        try:
            return (_EPOCH + timedelta(milliseconds=value)).isoformat(timespec="milliseconds")
        except OverflowError:
            return value
    return value
