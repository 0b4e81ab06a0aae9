"""Read measure definitions: from the file shipped with Earshot, or from one of the user's."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from schemas.errors import ConfigError
from schemas.measures import DIMENSIONS, Measure, Measures, Score, ScoreKind
from schemas.registry import FileRegistry, subject_of

__all__ = ["load_measures", "parse_measures"]

#: The field whose symbols `types` of a measure names, by topic.
_SYMBOL_FIELDS = {
    "feedback.responses": "metric",
    "feedback.invitations": "status",
    "feedback.interactions": "type",
    "feedback.followups": "status",
}

_KINDS: tuple[ScoreKind, ...] = ("net", "share", "mean", "count")


def load_measures(path: Path | None = None) -> Measures:
    """Read a measures file, or the one shipped with Earshot.

    Raises:
        ConfigError: The file is missing or wrong; the message lists every problem at once.
    """
    if path is None:
        return parse_measures(
            (resources.files("schemas") / "measures.toml").read_text(encoding="utf-8")
        )
    try:
        return parse_measures(path.read_text(encoding="utf-8"), name=str(path))
    except OSError as error:
        raise ConfigError(
            f"Cannot read the measures file {path}: {error.strerror}.",
            cure="Correct EARSHOT_SCORES__MEASURES_FILE.",
        ) from None


def parse_measures(text: str, *, name: str = "measures.toml") -> Measures:
    """Parse definitions.

    Raises:
        ConfigError: The text is wrong; the message lists every problem at once.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(
            f"{name} is not valid TOML: {error}.", cure="Correct that line."
        ) from None
    problems: list[str] = []
    version = data.get("version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        problems.append("version: a whole number from 1 is required; raise it with every change")
        version = 1
    measures = [
        measure
        for entry in data.get("measure", [])
        if (measure := _measure(entry, problems)) is not None
    ]
    problems += _clashes(measures)
    if problems:
        raise ConfigError(
            f"{name} is wrong:\n" + "\n".join(f"  {problem}" for problem in problems),
            cure="\nSee docs/measures.md.",
        )
    return Measures(version, measures, text)


def _measure(entry: Mapping[str, Any], problems: list[str]) -> Measure | None:
    name = str(entry.get("name", "?"))
    before = len(problems)

    def problem(text: str) -> None:
        problems.append(f"measure {name}: {text}")

    for required in ("name", "topic", "doc", "source", "score"):
        if not entry.get(required):
            problem(f"{required} is missing")
    known = {
        "name", "topic", "doc", "source", "score", "dimensions",
        "metric", "survey_kinds", "scale", "higher_is_better", "types",
    }  # fmt: skip
    for extra in sorted(entry.keys() - known):
        problem(f"{extra} is not a key of a measure")
    _check_symbols(entry, problem)
    for dimension in entry.get("dimensions", []):
        if dimension not in DIMENSIONS:
            problem(f"dimension {dimension} is none of {', '.join(DIMENSIONS)}")
    scale = _range(entry.get("scale"))
    if "scale" in entry and scale is None:
        problem("scale must be [lowest, highest]")
    if scale is not None and not entry.get("metric"):
        problem("a measure with a scale needs a metric")
    scores = tuple(_score(raw, scale, problem) for raw in entry.get("score", []))
    if len(problems) > before:
        return None
    return Measure(
        name=name,
        topic=entry["topic"],
        doc=entry["doc"],
        source=entry["source"],
        dimensions=tuple(entry.get("dimensions", [])),
        scores=scores,
        metric=entry.get("metric", ""),
        survey_kinds=frozenset(entry.get("survey_kinds", [])),
        scale=scale,
        higher_is_better=entry.get("higher_is_better", True),
        types=frozenset(entry.get("types", [])),
    )


def _check_symbols(entry: Mapping[str, Any], problem: Callable[[str], None]) -> None:
    """A topic or symbol that no schema has would match nothing, and nobody would notice."""
    topic = entry.get("topic")
    symbol_field = _SYMBOL_FIELDS.get(str(topic))
    if topic and symbol_field is None:
        problem(f"topic {topic} is none of {', '.join(_SYMBOL_FIELDS)}")
        return
    if symbol_field is None:
        return
    symbols = _symbols(str(topic))
    wanted = {"types": (symbol_field, entry.get("types", []))}
    if "metric" in entry:
        wanted["metric"] = ("metric", [entry["metric"]])
    if "survey_kinds" in entry:
        wanted["survey_kinds"] = ("survey_kind", entry["survey_kinds"])
    for key, (field, values) in wanted.items():
        allowed = symbols.get(field, ())
        for value in values:
            if value not in allowed:
                problem(f"{key} {value} is none of {', '.join(allowed)}")


@cache
def _symbols(topic: str) -> dict[str, tuple[str, ...]]:
    """Return the symbols of every enum of a topic's shipped schema, without UNKNOWN."""
    definition = FileRegistry().latest(subject_of(topic)).definition
    return {
        field["name"]: tuple(field["type"]["symbols"][1:])
        for field in definition["fields"]
        if isinstance(field["type"], dict) and field["type"]["type"] == "enum"
    }


def _score(raw: Mapping[str, Any], scale: tuple[int, int] | None, problem: Any) -> Score:
    name = raw.get("name", "?")
    kind = raw.get("kind")
    top, bottom = _range(raw.get("top")), _range(raw.get("bottom"))
    if kind not in _KINDS:
        problem(f"score {name}: kind must be one of {', '.join(_KINDS)}")
    if kind in ("net", "share") and top is None:
        problem(f"score {name}: top must be [lowest, highest]")
    if kind == "net" and bottom is None:
        problem(f"score {name}: bottom must be [lowest, highest]")
    if (kind == "count") != (scale is None):
        problem(f"score {name}: a count has no scale, every other kind needs one")
    for box in (top, bottom):
        if box and scale and not scale[0] <= box[0] <= box[1] <= scale[1]:
            problem(f"score {name}: the box {list(box)} is not inside the scale {list(scale)}")
    if top and bottom and top[0] <= bottom[1] and bottom[0] <= top[1]:
        problem(f"score {name}: top and bottom overlap")
    return Score(
        name=str(name), kind=kind or "count", unit=raw.get("unit", ""), doc=raw.get("doc", ""),
        top=top, bottom=bottom,
    )  # fmt: skip


def _range(value: Any) -> tuple[int, int] | None:
    if (
        isinstance(value, list)
        and len(value) == 2  # noqa: PLR2004 - a range has two ends
        and all(isinstance(end, int) for end in value)
        and value[0] <= value[1]
    ):
        return value[0], value[1]
    return None


def _clashes(measures: Sequence[Measure]) -> list[str]:
    problems = []
    names: set[str] = set()
    takes: dict[tuple[object, ...], str] = {}
    for measure in measures:
        if measure.name in names:
            problems.append(f"measure {measure.name}: the name is used twice")
        names.add(measure.name)
        if measure.scale is None:
            continue
        for kind in measure.survey_kinds or {""}:
            key = (measure.metric, kind, measure.scale, measure.higher_is_better)
            if (other := takes.setdefault(key, measure.name)) and other != measure.name:
                problems.append(f"measure {measure.name}: takes the same answers as {other}")
    return problems
