"""Does a mapping make sense? Every problem at once, each with its key path, before anything is sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from schemas.catalog import INPUTS
from streams.importing.contract import Field
from streams.importing.extracting import constant
from streams.importing.mapping import Event, Source
from streams.importing.mapping import Mapping as MappingFile
from streams.importing.reasons import Refused
from streams.importing.rows import Rows
from streams.importing.times import needs_zone, problem_of

__all__ = ["ATTRIBUTE", "column_problems", "problems_of", "used_columns"]

ATTRIBUTE = Field("attributes", "text", required=False)

_DELIMITERS = (";", "\t", "|", ",")
_TIME_KEYS = ("time", "time_zone")


def problems_of(mapping: MappingFile, contracts: Mapping[str, Mapping[str, Field]]) -> list[str]:
    """Return what is wrong with the topics, fields, constants and look-ups of a mapping."""
    problems: list[str] = []
    for index, event in enumerate(mapping.events):
        where = f"event[{index}]"
        fields = contracts.get(event.topic)
        if fields is None:
            if event.topic:  # an empty one was reported with the shape
                known = ", ".join(topic.name for topic in INPUTS)
                problems.append(f"{where}.topic: {event.topic} is none of {known}")
            continue
        problems += _missing_fields(event, fields, where)
        for path, name, source in _sources(event, where):
            field = ATTRIBUTE if path.startswith(f"{where}.attributes") else fields.get(name)
            if field is None:
                problems.append(f"{path}: {event.topic} has no field {name}")
            elif field.kind == "attributes":
                problems.append(f"{path}: use {where}.attributes for these")
            else:
                problems += _source_problems(path, field, source, mapping)
    return problems


def used_columns(mapping: MappingFile) -> dict[str, str]:
    """Return every column of the imported file that is used, and the first key path that does."""
    used: dict[str, str] = {}
    for index, event in enumerate(mapping.events):
        for number, condition in enumerate(event.when):
            used.setdefault(condition.column, f"event[{index}].when.{number}.column")
        for path, _name, source in _sources(event, f"event[{index}]"):
            for column in source.columns:
                used.setdefault(column, path)
    return used


def column_problems(mapping: MappingFile, rows: Rows) -> list[str]:
    """Return the columns of a mapping that the file lacks, or what hides them all."""
    lacks_any = not all(rows.has(name) for name in used_columns(mapping))
    if lacks_any and rows.columns is not None and len(rows.columns) == 1:
        header = rows.columns[0]
        for sign in _DELIMITERS:
            if sign in header and sign != mapping.input.delimiter:
                shown = sign.replace("\t", "\\t")
                return [
                    f"input.delimiter: with {mapping.input.delimiter!r} the header is one column, "
                    f'and it holds another delimiter; set delimiter = "{shown}"'
                ]
    return [
        f"{path}: the file has no column {name}; it has {', '.join(rows.columns or ())}"
        for name, path in used_columns(mapping).items()
        if not rows.has(name)
    ]


def _sources(event: Event, where: str) -> Iterator[tuple[str, str, Source]]:
    for name, source in event.fields.items():
        part = "columns" if source.value is None else "constants"
        yield f"{where}.{part}.{name}", name, source
    for name, source in event.attributes.items():
        yield f"{where}.attributes.{name}", name, source


def _missing_fields(event: Event, fields: Mapping[str, Field], where: str) -> list[str]:
    needed = {name for name, field in fields.items() if field.required and name != "event_id"}
    return [
        f"{where}: {name} is needed, as a constant or a column; docs/topics.md describes it"
        for name in fields
        if name in needed - event.fields.keys()
    ]


def _source_problems(
    path: str, field: Field, source: Source, mapping: MappingFile
) -> Iterator[str]:
    for name in source.lookup or ():
        if name not in mapping.lookups:
            known = ", ".join(mapping.lookups) or "there is none"
            yield f"{path}.lookup: no [lookup.{name}] ({known})"
    if source.split is not None and field.kind != "texts":
        yield f"{path}.split: {field.name} takes one value"
    if field.kind == "time":
        zone = source.time_zone or mapping.input.time_zone
        for time_format in source.time or ():
            wrong = problem_of(time_format)
            if wrong is not None:
                yield f"{path}.time: {wrong}"
            elif needs_zone(time_format) and zone is None:
                yield f"{path}.time: {time_format} holds no offset; set input.time_zone"
    else:
        for key in _TIME_KEYS:
            if getattr(source, key) is not None:
                yield f"{path}.{key}: {field.name} is not a time"
    for key, value in _constants(source):
        try:
            constant(field, value, mapping.input, source)
        except Refused as refusal:
            yield f"{path}{key}: {refusal.detail}"


def _constants(source: Source) -> Iterator[tuple[str, Any]]:
    if source.value is not None:
        yield "", source.value
    for word, value in (source.map or {}).items():
        yield f".map.{word}", value
    if source.otherwise is not None:
        yield ".otherwise", source.otherwise
    if source.default is not None:
        yield ".default", source.default
