"""The mapping file: how the rows of one file become events. docs/import.md describes every key."""

from __future__ import annotations

from collections.abc import Mapping as AnyMapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictInt,
    field_validator,
    model_validator,
)

__all__ = ["Condition", "Event", "EventShape", "Input", "Lookup", "Mapping", "Source"]


def _zone(name: str | None) -> str | None:
    if name is not None:
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            raise ValueError(
                f"there is no time zone {name}; use a name such as Europe/Paris"
            ) from None
    return name


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _simple(value: object) -> object:
    if not isinstance(value, bool | int | float | str):
        raise ValueError("a text, a number, true or false is needed")
    return value


Scalar = Annotated[Any, AfterValidator(_simple)]
Texts = Annotated[list[str], BeforeValidator(_listed), Field(min_length=1)]


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Input(_Table):
    """`[input]`: how the file is read."""

    format: Literal["csv", "ndjson", "parquet"] | None = None
    delimiter: str = Field(",", min_length=1, max_length=1)
    encoding: str = "utf-8"
    empty: Annotated[list[str], BeforeValidator(_listed)] = [""]
    time_zone: str | None = None
    dst: Literal["first", "refuse"] = "first"
    max_lookup_rows: int = Field(5_000_000, ge=1)

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, name: str) -> str:
        try:
            "".encode(name)
        except LookupError:
            raise ValueError(f"there is no encoding {name}") from None
        return name

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str | None) -> str | None:
        return _zone(name)


class Lookup(_Table):
    """`[lookup.<name>]`: a second file, from a key column to a value column."""

    file: str
    key: str
    value: str
    repeated: Literal["refuse", "first", "last"] = "refuse"


class Condition(_Table):
    """One condition of `when`; with only a column: it is not empty."""

    column: str
    equals: Texts | None = None
    not_equals: Texts | None = None
    empty: bool | None = None

    @model_validator(mode="after")
    def _one_test(self) -> Condition:
        if sum(test is not None for test in (self.equals, self.not_equals, self.empty)) > 1:
            raise ValueError("use one of equals, not_equals and empty; list several conditions")
        return self


class Source(_Table):
    """Where the value of one field comes from, and what is done to it, in this order."""

    column: str | None = None
    join: Annotated[list[str], Field(min_length=1)] | None = None
    value: Any = None
    separator: str = ":"
    lookup: Texts | None = None
    missing: Literal["refuse", "empty"] = "refuse"
    map: dict[str, Scalar] | None = None
    otherwise: Scalar | None = None
    time: Texts | None = None
    time_zone: str | None = None
    split: Annotated[str, Field(min_length=1)] | None = None
    default: Scalar | None = None
    required: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns it reads."""
        return tuple(self.join or ()) or ((self.column,) if self.column else ())

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str | None) -> str | None:
        return _zone(name)

    @field_validator("value")
    @classmethod
    def _simple_or_list(cls, value: object) -> object:
        return value if isinstance(value, list) else _simple(value)

    @model_validator(mode="after")
    def _one_origin(self) -> Source:
        if sum(origin is not None for origin in (self.column, self.join, self.value)) != 1:
            raise ValueError("say exactly one of column, join and value")
        if self.otherwise is not None and self.map is None:
            raise ValueError("otherwise belongs to a map")
        return self


class EventShape(_Table):
    """`[[event]]` without its tables of fields."""

    topic: str
    when: list[Condition] = []
    scale: tuple[StrictInt, StrictInt] | None = None

    @field_validator("when", mode="before")
    @classmethod
    def _one_or_many(cls, value: object) -> object:
        return [value] if isinstance(value, dict) else value

    @field_validator("scale")
    @classmethod
    def _lowest_first(cls, scale: tuple[int, int] | None) -> tuple[int, int] | None:
        if scale is not None and scale[0] >= scale[1]:
            raise ValueError(f"the lowest comes first, but {scale[0]} is not below {scale[1]}")
        return scale


@dataclass(frozen=True, slots=True)
class Event:
    """One `[[event]]`: what one row becomes in one topic."""

    topic: str
    when: tuple[Condition, ...] = ()
    fields: AnyMapping[str, Source] = field(default_factory=dict)
    attributes: AnyMapping[str, Source] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Mapping:
    """A whole mapping file. `fingerprint` changes with its text."""

    name: str
    fingerprint: str
    input: Input
    lookups: AnyMapping[str, Lookup]
    events: tuple[Event, ...]
