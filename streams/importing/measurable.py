"""Does a measure declare the answers of a mapping? If none does, every row would be refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from schemas.measures import SCORELESS, Measures
from streams.fold.judging import measure_of
from streams.importing.contract import Field
from streams.importing.extracting import constant
from streams.importing.mapping import Event
from streams.importing.mapping import Mapping as MappingFile
from streams.importing.reasons import Refused

__all__ = ["measure_problems"]

_TOPIC = "feedback.responses"
_KEYS = ("metric", "survey_kind", "scale_min", "scale_max", "higher_is_better")


def measure_problems(
    mapping: MappingFile, fields: Mapping[str, Field], measures: Measures, known: Sequence[str]
) -> list[str]:
    """Return the events whose metric, kind of survey and scale are constants no measure declares.

    Args:
        mapping: The mapping.
        fields: What `feedback.responses` takes.
        measures: The measures the worker judges by.
        known: Problems found before; an event whose scale or constants are wrong is not judged.
    """
    problems = []
    for index, event in enumerate(mapping.events):
        where = f"event[{index}]"
        wrong = (f"{where}.scale", f"{where}.constants", f"{where}: metric")
        if event.topic != _TOPIC or any(problem.startswith(wrong) for problem in known):
            continue
        record = _constants(event, fields, mapping)
        if (
            record is not None
            and record["metric"] not in {*SCORELESS, "UNKNOWN"}
            and measure_of(record, measures) is None
        ):
            problems.append(f"{where}: {_undeclared(record, measures)}")
    return problems


def _constants(
    event: Event, fields: Mapping[str, Field], mapping: MappingFile
) -> dict[str, Any] | None:
    """Return the fields a measure is found by, None if a row has a say in them."""
    record = {}
    for name in _KEYS:
        source = event.fields.get(name)
        if source is None:
            record[name] = fields[name].default
        elif source.value is None:
            return None
        else:
            try:
                record[name] = constant(fields[name], source.value, mapping.input, source)
            except Refused:
                return None
    return record


def _undeclared(record: Mapping[str, Any], measures: Measures) -> str:
    low, high = record["scale_min"], record["scale_max"]
    scale = "no scale" if low is None or high is None else f"scale {low} to {high}"
    turned = "" if record["higher_is_better"] else ", higher_is_better false"
    declared = "; ".join(_declared(record["metric"], measures)) or "none"
    return (
        f"no measure declares metric {record['metric']}, survey_kind {record['survey_kind']}, "
        f"{scale}{turned}, so every row would be refused. Declared for {record['metric']}: {declared}"
    )


def _declared(metric: str, measures: Measures) -> Iterator[str]:
    for measure in measures.measures:
        if measure.metric == metric and measure.scale is not None:
            kinds = ", ".join(sorted(measure.survey_kinds)) or "any survey_kind"
            turned = "" if measure.higher_is_better else ", higher_is_better false"
            yield f"{measure.scale[0]} to {measure.scale[1]} ({kinds}{turned})"
