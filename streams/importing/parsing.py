"""A mapping file to a `Mapping`, with every problem of its shape.

`checking` finds out whether it makes sense for its topics and its file.
"""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from schemas.errors import ConfigError
from streams.importing.mapping import Event, EventShape, Input, Lookup, Mapping, Source

__all__ = ["parse_mapping"]

_Part = TypeVar("_Part", bound=BaseModel)


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
    shape = _read(EventShape, rest, where, problems)
    if shape is None:
        # The topic is enough to go on and find what is wrong with the fields as well.
        shape = EventShape(topic=str(raw.get("topic", "")))
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
