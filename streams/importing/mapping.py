"""The mapping file: how the rows of one file become events. docs/import.md describes every key.

This module reads its shape; `checking` finds out whether it makes sense for its topics.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping as AnyMapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictInt,
    ValidationError,
    field_validator,
    model_validator,
)

from schemas.errors import ConfigError

__all__ = ["Condition", "Event", "Input", "Lookup", "Mapping", "Source", "parse_mapping"]

_Part = TypeVar("_Part", bound=BaseModel)


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


class _EventShape(_Table):
    topic: str
    when: list[Condition] = []
    scale: tuple[StrictInt, StrictInt] | None = None

    @field_validator("when", mode="before")
    @classmethod
    def _one_or_many(cls, value: object) -> object:
        return [value] if isinstance(value, dict) else value


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


def parse_mapping(path: Path) -> tuple[Mapping, list[str]]:
    """Read a mapping file: what could be understood of it, and every problem of its shape.

    Raises:
        ConfigError: The file cannot be read or is not TOML.
    """
    try:
        text = path.read_text(encoding="utf-8")
        data = tomllib.loads(text)
    except OSError as error:
        raise ConfigError(
            f"Cannot read the mapping {path}: {error.strerror}.", cure="Correct --mapping."
        ) from None
    except ValueError as error:  # not TOML, or not UTF-8
        raise ConfigError(
            f"{path} is not valid TOML: {error}.", cure="Correct that line."
        ) from None
    problems = [
        f"{key}: not a key of a mapping; those are event, input, lookup"
        for key in sorted(data.keys() - {"event", "input", "lookup"})
    ]
    lookups = {
        name: lookup
        for name, raw in _table(data, "lookup", problems).items()
        if (lookup := _read(Lookup, raw, f"lookup.{name}", problems)) is not None
    }
    raw_events = data.get("event")
    if not isinstance(raw_events, list) or not raw_events:
        problems.append("event: at least one [[event]] table is needed")
        raw_events = []
    events = (_event(raw, f"event[{n}]", problems) for n, raw in enumerate(raw_events))
    return Mapping(
        name=str(path),
        fingerprint=hashlib.sha256(text.encode()).hexdigest()[:16],
        input=_read(Input, data.get("input", {}), "input", problems) or Input(),
        lookups=lookups,
        events=tuple(events),
    ), problems


def _event(raw: Any, where: str, problems: list[str]) -> Event:
    if not isinstance(raw, dict):
        problems.append(f"{where}: a table is needed")
        return Event(topic="")
    tables = {"constants", "columns", "attributes"}
    rest = {key: value for key, value in raw.items() if key not in tables}
    shape = _read(_EventShape, rest, where, problems)
    if shape is None:
        # The topic is enough to go on and find what is wrong with the fields as well.
        shape = _EventShape(topic=str(raw.get("topic", "")))
    fixed = _sources(raw, "constants", where, problems)
    if shape.scale is not None:
        low, high = shape.scale
        fixed |= {"scale_min": Source(value=low), "scale_max": Source(value=high)}
    columns = _sources(raw, "columns", where, problems)
    problems += [
        f"{where}.columns.{name}: also a constant; keep one of the two"
        for name in sorted(fixed.keys() & columns.keys())
    ]
    attributes = _sources(raw, "attributes", where, problems)
    return Event(shape.topic, tuple(shape.when), {**fixed, **columns}, attributes)


def _sources(raw: dict[str, Any], key: str, where: str, problems: list[str]) -> dict[str, Source]:
    found = {}
    for name, value in _table(raw, key, problems, where).items():
        options = value
        if key == "constants":
            options = {"value": value}
        elif isinstance(value, str):
            options = {"column": value}
        source = _read(Source, options, f"{where}.{key}.{name}", problems)
        if source is not None:
            found[name] = source
    return found


def _table(data: dict[str, Any], key: str, problems: list[str], where: str = "") -> dict[str, Any]:
    table = data.get(key, {})
    if isinstance(table, dict):
        return table
    problems.append(f"{where}{'.' if where else ''}{key}: a table is needed")
    return {}


def _read(model: type[_Part], raw: Any, where: str, problems: list[str]) -> _Part | None:
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        for problem in error.errors(include_url=False, include_input=False):
            inner = map(str, problem["loc"])
            text = problem["msg"].removeprefix("Value error, ")
            line = f"{'.'.join([where, *inner])}: {_plain(problem['type'], text)}"
            if line not in problems:
                problems.append(line)
        return None


def _plain(kind: str, text: str) -> str:
    return "not a key of this table" if kind == "extra_forbidden" else text[:1].lower() + text[1:]


def _zone(name: str | None) -> str | None:
    if name is not None:
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            raise ValueError(
                f"there is no time zone {name}; use a name such as Europe/Paris"
            ) from None
    return name
