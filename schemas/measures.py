"""The measure registry: what is counted, on which scale, in which direction, with which boxes.

A *measure* is a histogram of integer buckets over declared dimensions; a *score* is a number derived
from it. Definitions are data (`measures.toml`) with a version. Two scales, directions or kinds of
survey are two measures: they are never added together, and an answer that no measure declares is
rejected, never averaged in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

__all__ = [
    "DIMENSIONS",
    "SCORELESS",
    "Measure",
    "Measures",
    "Score",
    "ScoreKind",
]

ScoreKind = Literal["net", "share", "mean", "count"]

#: Every dimension a measure may declare: a field of its input records.
DIMENSIONS: tuple[str, ...] = (
    "survey_id",
    "question_id",
    "touchpoint",
    "channel",
    "journey_stage",
    "team_id",
    "product",
    "region",
)

#: Metrics of `feedback.responses` that have no scale. They are kept and counted as answers.
SCORELESS: frozenset[str] = frozenset({"TEXT", "CHOICE"})


@dataclass(frozen=True, slots=True)
class Score:
    """A number derived from a histogram.

    `net` is 100 * (share in `top` - share in `bottom`), `share` is 100 * share in `top`, `mean` the
    mean bucket, `count` the count itself. Boxes are inclusive bucket ranges.
    """

    name: str
    kind: ScoreKind
    unit: str
    doc: str
    top: tuple[int, int] | None = None
    bottom: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Measure:
    """One histogram: which records it takes, its scale, its dimensions and its scores."""

    name: str
    topic: str
    doc: str
    source: str
    dimensions: tuple[str, ...]
    scores: tuple[Score, ...]
    metric: str = ""
    survey_kinds: frozenset[str] = frozenset()
    scale: tuple[int, int] | None = None
    higher_is_better: bool = True
    types: frozenset[str] = frozenset()

    @property
    def is_count(self) -> bool:
        """Whether it counts records instead of scores: everything is in bucket 0."""
        return self.scale is None


class Measures:
    """All measures of one definitions version, with the look-ups judging needs."""

    def __init__(self, version: int, measures: Sequence[Measure], text: str) -> None:
        self.version = version
        self.measures = tuple(measures)
        self.text = text
        self._scored: dict[tuple[str, str, int, int, bool], Measure] = {}
        self._counts: dict[str, list[Measure]] = {}
        for measure in measures:
            if measure.scale is None:
                self._counts.setdefault(measure.topic, []).append(measure)
                continue
            for kind in measure.survey_kinds or {""}:
                key = (measure.metric, kind, *measure.scale, measure.higher_is_better)
                self._scored[key] = measure

    def scored(
        self, metric: str, survey_kind: str, scale: tuple[int, int], *, higher_is_better: bool
    ) -> Measure | None:
        """Return the measure of an answer, or None if no measure declares exactly this."""
        found = self._scored.get((metric, survey_kind, *scale, higher_is_better))
        return found or self._scored.get((metric, "", *scale, higher_is_better))

    def counts(self, topic: str) -> Sequence[Measure]:
        """Return the measures that count records of a topic."""
        return self._counts.get(topic, ())

    def by_name(self, name: str) -> Measure | None:
        """Return the measure of this name."""
        return next((measure for measure in self.measures if measure.name == name), None)
