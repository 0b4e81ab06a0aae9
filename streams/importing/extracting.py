"""One field's value from one row: read, look up, map, convert. Compiled once, run for every row."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from streams.importing.contract import Field
from streams.importing.mapping import Condition, Input, Source
from streams.importing.reasons import Refused
from streams.importing.times import TimeReader
from streams.importing.values import converter, text_of

__all__ = ["Extract", "Getter", "constant", "extractor", "predicate"]

#: From the cells of a row to a value; None where it is empty.
Extract = Callable[[Any], Any]
#: From the name of a column to the function that reads it.
Getter = Callable[[str], Extract]


def constant(field: Field, value: Any, options: Input, source: Source | None = None) -> Any:
    """Return a value of the mapping as the field takes it.

    Raises:
        Refused: It does not fit the field.
    """
    return _converter(field, options, source or Source(value=""))(value)


def extractor(
    field: Field,
    source: Source,
    getter: Getter,
    lookups: Mapping[str, Mapping[str, str]],
    options: Input,
    *,
    whole_join: bool = False,
) -> Extract:
    """Return the function from the cells of a row to the value of `field`, None if it is empty.

    Args:
        field: The target.
        source: Where its value comes from.
        getter: How the file reads a column.
        lookups: The loaded look-up files.
        options: `[input]` of the mapping.
        whole_join: Whether every part of a `join` must be there, as in an id.
    """
    if source.value is not None:
        fixed = constant(field, source.value, options, source)
        return lambda cells: fixed
    read = _reader(source, getter, frozenset(options.empty), whole_join=whole_join)
    if source.lookup is not None:
        read = _through_lookups(read, source, [(name, lookups[name]) for name in source.lookup])
    convert = _converter(field, options, source)
    if source.map is not None:
        convert = _mapped(source, convert)
    default = None
    if source.default is not None:
        default = constant(field, source.default, options, source)
    needed = source.required or (field.required and default is None)

    def extract(cells: Any) -> Any:
        value = read(cells)
        if value is None:
            if needed:
                raise Refused("empty_field", "the value is empty")
            return default
        return convert(value)

    return extract


def predicate(condition: Condition, getter: Getter, options: Input) -> Callable[[Any], bool]:
    """Return the function that says whether a condition holds for the cells of a row."""
    read = _reader(Source(column=condition.column), getter, frozenset(options.empty))
    if condition.equals is not None:
        wanted = frozenset(condition.equals)
        return lambda cells: _as_text(read(cells)) in wanted
    if condition.not_equals is not None:
        unwanted = frozenset(condition.not_equals)
        return lambda cells: _as_text(read(cells)) not in unwanted
    return lambda cells: (read(cells) is None) is bool(condition.empty)


def _as_text(value: Any) -> str | None:
    return None if value is None else text_of(value)


def _reader(
    source: Source, getter: Getter, empties: frozenset[str], *, whole_join: bool = False
) -> Extract:
    def nothing(value: Any) -> bool:
        return value is None or (isinstance(value, str) and value.strip() in empties)

    if source.column is not None:
        get = getter(source.column)

        def read_one(cells: Any) -> Any:
            value = get(cells)
            return None if nothing(value) else value

        return read_one
    gets = [getter(column) for column in source.columns]

    def read_joined(cells: Any) -> Any:
        values = [get(cells) for get in gets]
        parts = [text_of(value) for value in values if not nothing(value)]
        if whole_join and parts and len(parts) < len(values):
            raise Refused("empty_field", "a part of the joined value is empty")
        return source.separator.join(parts) or None

    return read_joined


def _through_lookups(
    read: Extract, source: Source, chain: list[tuple[str, Mapping[str, str]]]
) -> Extract:
    def follow(cells: Any) -> Any:
        value = read(cells)
        if value is None:
            return None
        key: str | None = text_of(value)
        for name, table in chain:
            key = table.get(key or "")
            if key is None:
                if source.missing == "empty":
                    return None
                raise Refused("not_in_lookup", f"lookup.{name} has no such key")
        return key

    return follow


def _mapped(source: Source, convert: Extract) -> Extract:
    table = {key: convert(value) for key, value in (source.map or {}).items()}
    otherwise = None if source.otherwise is None else convert(source.otherwise)

    def apply(value: Any) -> Any:
        found = table.get(text_of(value), otherwise)
        if found is None:
            raise Refused("unmapped_value", "the value is not in the map")
        return found

    return apply


def _converter(field: Field, options: Input, source: Source) -> Extract:
    zone = source.time_zone or options.time_zone
    times = TimeReader(
        source.time or ("iso",), ZoneInfo(zone) if zone is not None else None, options.dst
    )
    return converter(field, times=times, split=source.split)
