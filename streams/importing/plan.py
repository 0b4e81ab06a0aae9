"""A mapping made ready for one file: from a row to the events it becomes, judged and encoded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from schemas.catalog import INPUTS
from schemas.codec import Encoder
from schemas.errors import ConfigError, SchemaError
from schemas.registry import Registry
from streams.fold.judging import Rules, check
from streams.importing.checking import ATTRIBUTE, column_problems, problems_of, used_columns
from streams.importing.contract import Field, fields_of
from streams.importing.extracting import Extract, constant, extractor, predicate
from streams.importing.identity import ID_FIELDS, event_id, key_of
from streams.importing.lookups import load_lookup
from streams.importing.mapping import Event, Source
from streams.importing.mapping import Mapping as MappingFile
from streams.importing.measurable import measure_problems
from streams.importing.parsing import parse_mapping
from streams.importing.reasons import Refused
from streams.importing.rows import Rows, open_rows

__all__ = ["Outgoing", "Plan", "prepare"]


class Outgoing(NamedTuple):
    """One event on its way: the record, and the same as framed bytes."""

    topic: str
    key: str
    value: bytes
    record: dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Recipe:
    topic: str
    template: Mapping[str, Any]
    conditions: tuple[Callable[[Any], bool], ...]
    fields: tuple[tuple[str, Extract], ...]
    attributes: tuple[tuple[str, Extract], ...]
    encoder: Encoder
    own_id: bool


class Plan:
    """What a mapping does with the rows of one open file. Pure: sends nothing, asks no clock."""

    def __init__(
        self, mapping: MappingFile, rows: Rows, recipes: tuple[_Recipe, ...], rules: Rules,
        max_bytes: int,
    ) -> None:  # fmt: skip
        self.mapping = mapping
        self.rows = rows
        self._recipes = recipes
        self._rules = rules
        self._max_bytes = max_bytes

    @property
    def topics(self) -> tuple[str, ...]:
        """The topics it may send to."""
        return tuple(dict.fromkeys(recipe.topic for recipe in self._recipes))

    def events(self, cells: Any, now_ms: int) -> list[Outgoing]:
        """Return the events of a row. All or none: one refused event refuses its row.

        Args:
            cells: The row, as `rows` reads it.
            now_ms: The timestamp the records will have; what is later is future-dated.

        Raises:
            Refused: The row cannot be counted; the detail names the field.
        """
        found = []
        for recipe in self._recipes:
            if all(holds(cells) for holds in recipe.conditions):
                found.append(self._outgoing(recipe, cells, now_ms))
        return found

    def _outgoing(self, recipe: _Recipe, cells: Any, now_ms: int) -> Outgoing:
        record = _record(recipe, cells)
        rejection = check(recipe.topic, record, now_ms, self._rules)
        if rejection is not None:
            raise Refused(rejection.reason, rejection.detail)
        try:
            value = recipe.encoder.encode(record)
        except SchemaError:
            raise Refused("does_not_fit", "a number is larger than its field takes") from None
        if len(value) > self._max_bytes:
            raise Refused("too_large", f"{len(value)} bytes, the limit is {self._max_bytes}")
        return Outgoing(recipe.topic, key_of(recipe.topic, record), value, record)


def _record(recipe: _Recipe, cells: Any) -> dict[str, Any]:
    record = dict(recipe.template)
    name = ""
    try:
        for name, extract in recipe.fields:
            value = extract(cells)
            if value is not None:
                record[name] = value
        attributes = []
        for name, extract in recipe.attributes:
            value = extract(cells)
            if value is not None:
                attributes.append({"name": name, "value": value})
    except Refused as refusal:
        raise Refused(refusal.reason, f"{name}: {refusal.detail}") from None
    if attributes:
        record["attributes"] = attributes
    if not recipe.own_id:
        record["event_id"] = event_id(recipe.topic, record)
    return record


def prepare(
    mapping_path: Path, file: Path, registry: Registry, rules: Rules, *, max_bytes: int
) -> Plan:
    """Check a mapping against its topics and its file, load its look-ups, and compile it.

    Raises:
        ConfigError: The mapping is wrong; the message lists every problem with its key path.
        SchemaError: A schema cannot be read.
    """
    mapping, problems = parse_mapping(mapping_path)
    encoders = {topic.name: Encoder(registry, topic.name) for topic in INPUTS}
    contracts = {name: fields_of(encoder.schema.definition) for name, encoder in encoders.items()}
    problems += problems_of(mapping, contracts)
    problems += measure_problems(mapping, contracts["feedback.responses"], rules.measures, problems)
    try:
        rows = open_rows(file, mapping.input, columns=frozenset(used_columns(mapping)))
    except ConfigError as error:
        problems += [f"the file: {error.what}"]
        raise _wrong(mapping, problems) if len(problems) > 1 else error from None
    try:
        problems += column_problems(mapping, rows)
        lookups = {}
        for name, lookup in mapping.lookups.items():
            try:
                lookups[name] = load_lookup(name, lookup, file.parent, mapping.input)
            except ConfigError as error:
                problems.append(str(error))
        if problems:
            raise _wrong(mapping, problems)
        recipes = tuple(
            _recipe(event, mapping, rows, lookups, encoders[event.topic])
            for event in mapping.events
        )
    except BaseException:
        rows.close()
        raise
    return Plan(mapping, rows, recipes, rules, max_bytes)


def _recipe(
    event: Event,
    mapping: MappingFile,
    rows: Rows,
    lookups: Mapping[str, Mapping[str, str]],
    encoder: Encoder,
) -> _Recipe:
    fields = fields_of(encoder.schema.definition)
    ids = {"event_id", *ID_FIELDS[event.topic]}

    def compiled(field: Field, source: Source) -> Extract:
        return extractor(
            field, source, rows.getter, lookups, mapping.input, whole_join=field.name in ids
        )

    defaults = {name: field.default for name, field in fields.items() if not field.required}
    fixed = {
        name: constant(fields[name], source.value, mapping.input, source)
        for name, source in event.fields.items()
        if source.value is not None
    }
    return _Recipe(
        topic=event.topic,
        template={**defaults, **fixed},
        conditions=tuple(predicate(entry, rows.getter, mapping.input) for entry in event.when),
        fields=tuple(
            (name, compiled(fields[name], source))
            for name, source in event.fields.items()
            if name not in fixed
        ),
        attributes=tuple(
            (name, compiled(ATTRIBUTE, source)) for name, source in event.attributes.items()
        ),
        encoder=encoder,
        own_id="event_id" in event.fields,
    )


def _wrong(mapping: MappingFile, problems: list[str]) -> ConfigError:
    return ConfigError(
        f"{mapping.name} is wrong:\n"
        + "\n".join(f"  {problem}" for problem in problems)
        + "\nNothing was sent.",
        cure="docs/import.md describes every key.",
    )
