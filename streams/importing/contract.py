"""What an import has to know of an Avro schema: which fields a topic has and what they take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from schemas.errors import SchemaError

__all__ = ["Field", "FieldKind", "fields_of"]

FieldKind = Literal["text", "number", "whole", "flag", "time", "symbol", "texts", "attributes"]

_PRIMITIVES: dict[str, FieldKind] = {
    "string": "text",
    "double": "number",
    "float": "number",
    "int": "whole",
    "long": "whole",
    "boolean": "flag",
}


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a topic's records. `required` if the schema gives it no default."""

    name: str
    kind: FieldKind
    required: bool
    default: Any = None
    symbols: tuple[str, ...] = ()


def fields_of(definition: Mapping[str, Any]) -> dict[str, Field]:
    """Return the fields of a record schema by name.

    Raises:
        SchemaError: A field has a type no import knows how to fill.
    """
    return {raw["name"]: _field(raw) for raw in definition["fields"]}


def _field(raw: Mapping[str, Any]) -> Field:
    kind = raw["type"]
    if isinstance(kind, list):
        kind = next((branch for branch in kind if branch != "null"), "null")
    symbols: tuple[str, ...] = ()
    if isinstance(kind, dict) and kind["type"] == "enum":
        symbols = tuple(kind["symbols"])
    return Field(
        name=raw["name"],
        kind=_kind(raw["name"], kind),
        required="default" not in raw,
        default=raw.get("default"),
        symbols=symbols,
    )


def _kind(name: str, kind: Any) -> FieldKind:
    if isinstance(kind, str) and kind in _PRIMITIVES:
        return _PRIMITIVES[kind]
    match kind:
        case {"logicalType": "timestamp-millis"}:
            return "time"
        case {"type": "enum"}:
            return "symbol"
        case {"type": "array", "items": "string"}:
            return "texts"
        case {"type": "array", "items": {"name": "Attribute"}}:
            return "attributes"
    raise SchemaError(
        f"The field {name} has a type that an import cannot fill.",
        cure="Upgrade Earshot to the version of the schema.",
    )
