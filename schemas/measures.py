"""The measure registry: what is counted, on which scale, in which direction, with which boxes.

A *measure* is a histogram of integer buckets over declared dimensions; a *score* is a number derived
from it. Definitions are data (`measures.toml`) with a version. Two scales, directions or kinds of
survey are two measures: they are never added together, and an answer that no measure declares is
rejected, never averaged in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from schemas.calendars import Calendar
from schemas.contact_rules import ContactRule
from schemas.effort import EffortWeights
from schemas.facts import FACTS
from schemas.journey_maps import JourneyMap
from schemas.policies import SlaPolicy

__all__ = [
    "ATTRIBUTE",
    "DIMENSIONS",
    "SCORELESS",
    "HistoryRules",
    "Measure",
    "Measures",
    "OncePer",
    "Score",
    "ScoreKind",
]

ScoreKind = Literal["net", "share", "mean", "count", "quantile"]

#: A period in which only the latest answer of a customer counts.
OncePer = Literal["", "hour", "day", "month"]

#: Every dimension a measure may declare by name; `attributes.<name>` takes any attribute besides.
DIMENSIONS: tuple[str, ...] = (
    "survey_id",
    "question_id",
    "touchpoint",
    "channel",
    "journey",
    "journey_stage",
    "team_id",
    "agent_id",
    "product",
    "region",
    "sla_policy",
    "sla_metric",
    "contact_rule",
)

#: What the name of a dimension starts with that is an attribute of the records.
ATTRIBUTE = "attributes."

#: Metrics of `feedback.responses` that have no scale. They are kept and counted as answers.
SCORELESS: frozenset[str] = frozenset({"TEXT", "CHOICE"})


@dataclass(frozen=True, slots=True)
class Score:
    """A number derived from a histogram.

    `net` is 100 * (share in `top` - share in `bottom`), `share` is 100 * share in `top` of all in
    `base`, `mean` the mean value, `quantile` the value that a share `q` does not exceed, `count` the
    count itself. Boxes are inclusive bucket ranges; no base means all buckets.
    """

    name: str
    kind: ScoreKind
    unit: str
    doc: str
    top: tuple[int, int] | None = None
    bottom: tuple[int, int] | None = None
    base: tuple[int, int] | None = None
    q: float | None = None


@dataclass(frozen=True, slots=True)
class Measure:
    """One histogram: what it takes, its scale, its dimensions and its scores.

    It takes answers (`metric`), the records of a topic (neither `metric` nor `fact`), or the facts of
    histories (`fact`). A duration has logarithmic buckets and no scale. The `family` of a shipped one
    is its page in `docs/metrics`.
    """

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
    fact: str = ""
    once_per: OncePer = ""
    survey_versions: frozenset[int] = frozenset()
    completed_only: bool = False
    family: str = ""

    @property
    def is_count(self) -> bool:
        """Whether it counts records instead of values: everything is in bucket 0."""
        return not self.metric and not self.fact

    @property
    def is_duration(self) -> bool:
        """Whether its buckets are those of durations."""
        return bool(self.fact) and FACTS[self.fact].is_duration


@dataclass(frozen=True, slots=True)
class HistoryRules:
    """What histories are judged by, besides the measures themselves."""

    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    default_calendar: str = ""
    policies: tuple[SlaPolicy, ...] = ()
    effort: EffortWeights = field(default_factory=EffortWeights)
    journeys: Mapping[str, JourneyMap] = field(default_factory=dict)
    contact_rules: tuple[ContactRule, ...] = ()
    assume_delivered: bool = False
    rollups: tuple[tuple[str, ...], ...] = ((),)


class Measures:
    """All measures of one definitions version, with the look-ups judging needs."""

    def __init__(
        self,
        version: int,
        measures: Sequence[Measure],
        text: str,
        rules: HistoryRules = HistoryRules(),
    ) -> None:
        self.version = version
        self.measures = tuple(measures)
        self.text = text
        self.rules = rules
        self._by_name = {measure.name: measure for measure in measures}
        self._scored: dict[tuple[str, str, int, int, bool], Measure] = {}
        self._once: dict[str, list[Measure]] = {}
        self._counts: dict[str, list[Measure]] = {}
        self._of_fact: dict[str, list[Measure]] = {}
        for measure in measures:
            if measure.fact:
                self._of_fact.setdefault(measure.fact, []).append(measure)
            elif measure.scale is None:
                self._counts.setdefault(measure.topic, []).append(measure)
            elif measure.once_per:
                self._once.setdefault(measure.metric, []).append(measure)
            else:
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

    def of_fact(self, fact: str) -> Sequence[Measure]:
        """Return the measures that take a fact."""
        return self._of_fact.get(fact, ())

    @property
    def once_per_customer(self) -> bool:
        """Whether any measure counts a customer once."""
        return bool(self._once)

    def once(self, metric: str) -> Sequence[Measure]:
        """Return the measures that count a customer's answers to this metric once."""
        return self._once.get(metric, ())

    def by_name(self, name: str) -> Measure | None:
        """Return the measure of this name."""
        return self._by_name.get(name)
