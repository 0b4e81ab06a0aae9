"""`[[measure]]`: what is counted, on which scale, by which dimensions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args

from schemas.definitions.scores import score_of
from schemas.definitions.section import Section, hint, whole_range
from schemas.definitions.symbols import TYPE_FIELDS, dimensions_of, is_attribute, symbols_of
from schemas.facts import FACTS
from schemas.measures import SCORELESS, Measure, OncePer, Score

__all__ = ["Lists", "measure_of"]

_PERIODS: tuple[OncePer, ...] = get_args(OncePer)[1:]
_ANSWERS = "feedback.responses"

#: No scale reaches further from 0: buckets and the sums of their squares have room for it.
_WIDEST = 1_000_000

#: Keys that only a measure of answers has.
_OF_ANSWERS = ("survey_kinds", "once_per", "survey_versions", "completed_only")


@dataclass(frozen=True, slots=True)
class Lists:
    """Lists that measures refer to by name: `[dimensions]` and `[scores]` of the file."""

    dimensions: Mapping[str, Any]
    scores: Mapping[str, Any]


def measure_of(section: Section, name: str, lists: Lists) -> Measure:
    """Read one measure; what is wrong is noted in the section.

    Args:
        section: Its table.
        name: Its name.
        lists: What it may refer to by name.
    """
    doc, source = section.text("doc", required=True), section.text("source", required=True)
    metric, fact = section.text("metric"), section.text("fact")
    topic = _topic(section, fact)
    scale = _scale(section, metric, fact)
    _check_taking(section, metric, fact, topic)
    types, kinds = section.texts("types"), section.texts("survey_kinds")
    section.one_of("types", types, symbols_of(topic, TYPE_FIELDS[topic]) if topic else types)
    section.one_of("survey_kinds", kinds, symbols_of(_ANSWERS, "survey_kind"))
    once_per = section.text("once_per")
    if once_per:
        section.one_of("once_per", [once_per], _PERIODS)
        if name in FACTS:
            section.problem("once_per needs a name that is no fact's")
    is_duration = fact in FACTS and FACTS[fact].is_duration
    measure = Measure(
        name=name, topic=topic, doc=doc, source=source, family=section.text("family"),
        dimensions=_dimensions(section, lists, topic, fact),
        scores=_scores(section, lists, scale, is_duration=is_duration),
        metric=metric, fact=fact, scale=scale, types=frozenset(types), survey_kinds=frozenset(kinds),
        once_per=next((period for period in _PERIODS if period == once_per), ""),
        survey_versions=_versions(section),
        completed_only=section.flag("completed_only", default=False),
        higher_is_better=section.flag("higher_is_better", default=True),
    )  # fmt: skip
    section.close()
    return measure


def _topic(section: Section, fact: str) -> str:
    """Return the topic, empty if it is none. Facts bring their own."""
    topic = section.text("topic", required=not fact)
    if fact:
        if fact not in FACTS:
            section.problem(f"fact {fact} is none of the facts{hint(fact, FACTS)}")
            return ""
        if topic and topic != FACTS[fact].topic:
            section.problem(f"topic {topic} has no fact {fact}; it is of {FACTS[fact].topic}")
        return FACTS[fact].topic
    if topic and topic not in TYPE_FIELDS:
        section.one_of("topic", [topic], tuple(TYPE_FIELDS))
        return ""
    return topic


def _scale(section: Section, metric: str, fact: str) -> tuple[int, int] | None:
    """Return the scale, None for durations, for counts, and where it is wrong."""
    value = section.value("scale")
    if fact:
        return _scale_of_fact(section, fact, value)
    if value is None:
        if metric:
            section.problem("a measure with a metric needs a scale")
        return None
    if not metric:
        section.problem("a measure with a scale needs a metric or a fact")
    scale = whole_range(value)
    if scale is None or scale[0] == scale[1]:
        section.problem("scale must be [lowest, highest]")
        return None
    if max(map(abs, scale)) > _WIDEST:
        section.problem(f"scale must stay within {-_WIDEST} and {_WIDEST}")
    return scale


def _scale_of_fact(section: Section, fact: str, value: Any) -> tuple[int, int] | None:
    """A fact's scale is the fact's: a narrower one would leave values without a place."""
    kind = FACTS.get(fact)
    if kind is None:
        return None
    wanted = "duration" if kind.scale is None else list(kind.scale)
    if value != wanted:
        shown = '"duration"' if kind.scale is None else wanted
        section.problem(f"scale must be {shown}, as the values of {fact} are")
    return kind.scale


def _check_taking(section: Section, metric: str, fact: str, topic: str) -> None:
    """A measure takes answers, facts or records, and has the keys of what it takes."""
    if metric and fact:
        section.problem("takes answers (metric) or a fact, not both")
    if metric and topic and topic != _ANSWERS:
        section.problem(f"a metric is only in {_ANSWERS}")
    elif metric in SCORELESS:
        section.problem(f"metric {metric} has no scores")
    elif metric:
        section.one_of("metric", [metric], symbols_of(_ANSWERS, "metric"))
    if not metric:
        for key in filter(section.has, _OF_ANSWERS):
            section.problem(f"{key} is only for a measure with a metric")
    if (metric or fact) and section.has("types"):
        section.problem("types is only for a measure that counts records")
    if not (metric or fact) and section.has("higher_is_better"):
        section.problem("higher_is_better is only for a measure with a scale")


def _versions(section: Section) -> frozenset[int]:
    value = section.value("survey_versions")
    if value is None:
        return frozenset()
    if not isinstance(value, list) or not value or any(type(one) is not int for one in value):
        section.problem("survey_versions must be a list of whole numbers")
        return frozenset()
    return frozenset(value)


def _dimensions(section: Section, lists: Lists, topic: str, fact: str) -> tuple[str, ...]:
    found = section.distinct("dimensions", _listed(section, "dimensions", lists.dimensions))
    allowed = dimensions_of(topic, fact) if topic else found
    for name in found:
        if name not in allowed and not is_attribute(name):
            choice = ", ".join((*allowed, "attributes.<name>"))
            section.problem(f"dimension {name} is none of {choice}{hint(name, allowed)}")
    return found


def _scores(
    section: Section, lists: Lists, scale: tuple[int, int] | None, *, is_duration: bool
) -> tuple[Score, ...]:
    value = _listed(section, "score", lists.scores)
    if not section.has("score") or value == []:
        section.problem("score is missing")
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        section.problem("score must be written as [[measure.score]], or be a name of [scores]")
        return ()
    found = [
        score_of(
            section.part(raw, f"{section.where}: score {raw.get('name', '?')}", "a score"),
            scale,
            is_duration=is_duration,
        )
        for raw in value
    ]
    names = [score.name for score in found]
    for twice in sorted({name for name in names if name and names.count(name) > 1}):
        section.problem(f"score {twice} is there twice")
    return tuple(found)


def _listed(section: Section, key: str, lists: Mapping[str, Any]) -> Any:
    """Return a list that is written out, or the one that is referred to by its name."""
    value = section.value(key)
    if not isinstance(value, str):
        return value
    if value not in lists:
        table = "dimensions" if key == "dimensions" else "scores"
        section.problem(f"{key} {value} is not in [{table}]{hint(value, lists)}")
    return lists.get(value)
