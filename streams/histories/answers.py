"""Answers that count once per customer: of one hour, day or month only the latest."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple

from schemas.measures import Measure, Measures, OncePer
from streams.histories.difference import difference
from streams.histories.dimensions import sorted_dimensions
from streams.histories.events import AnswerEvent
from streams.histories.fact import Change, Fact

__all__ = ["AnswerHistory"]

_HOUR_MS = 3_600_000
_DAY_MS = 24 * _HOUR_MS

#: An answer: source, response, question.
_Identity = tuple[str, str, str]


class _Period(NamedTuple):
    """What only one answer of counts: a measure in one hour, day or month."""

    measure: str
    once_per: OncePer
    number: int


class AnswerHistory:
    """One customer's answers.

    A measure is no fact of the catalogue: the facts bear the name of the measure that takes the
    answer, the time it was given and its score.
    """

    def __init__(self) -> None:
        self._newest: dict[_Identity, AnswerEvent] = {}
        self._candidates: dict[_Period, dict[_Identity, Fact]] = {}
        self._measures: Measures | None = None

    def add(self, event: AnswerEvent, measures: Measures) -> Change:
        """Add a revision of an answer; return the facts that change.

        The whole history follows these measures from now on.
        """
        identity = (event.source, event.response_id, event.question_id)
        newest = self._newest.get(identity)
        outdated = newest is not None and event.revision <= newest.revision
        if measures is not self._measures:
            before = self.facts()
            if not outdated:
                self._newest[identity] = event
            self._judge_again(measures)
            return difference(before, self.facts())
        if outdated:
            return Change([], [])
        old = _facts(newest, measures) if newest is not None else {}
        new = _facts(event, measures)
        touched = dict.fromkeys((*old, *new))
        before = self._latest(touched)
        for period in old:
            del self._candidates[period][identity]
        for period, fact in new.items():
            self._candidates.setdefault(period, {})[identity] = fact
        self._newest[identity] = event
        return difference(before, self._latest(touched))

    def facts(self) -> list[Fact]:
        """Return the facts as they are now."""
        return self._latest(self._candidates)

    def _judge_again(self, measures: Measures) -> None:
        self._measures = measures
        self._candidates = {}
        for identity, event in self._newest.items():
            for period, fact in _facts(event, measures).items():
                self._candidates.setdefault(period, {})[identity] = fact

    def _latest(self, periods: Iterable[_Period]) -> list[Fact]:
        return [
            max(candidates.items(), key=_order)[1]
            for period in periods
            if (candidates := self._candidates.get(period))
        ]


def _order(candidate: tuple[_Identity, Fact]) -> tuple[int, _Identity]:
    identity, fact = candidate
    return fact.time_ms, identity


def _facts(event: AnswerEvent, measures: Measures) -> dict[_Period, Fact]:
    """Return what an answer counts as by period; nothing if it is taken back or has no score."""
    counts = event.op != "DELETE" and not event.dismissed and not event.is_test
    # What has no score may carry any number, also one that is none.
    if not counts or event.value_number is None or not math.isfinite(event.value_number):
        return {}
    moment = event.responded_at
    score = int(event.value_number)
    return {
        _Period(measure.name, measure.once_per, _number(moment, measure.once_per)): Fact(
            measure.name, moment, score, _dimensions(event)
        )
        for measure in measures.once(event.metric)
        if _takes(measure, event)
    }


def _takes(measure: Measure, event: AnswerEvent) -> bool:
    return (
        measure.scale == (event.scale_min, event.scale_max)
        and measure.higher_is_better == event.higher_is_better
        and (not measure.survey_kinds or event.survey_kind in measure.survey_kinds)
        and (not measure.survey_versions or event.survey_version in measure.survey_versions)
        and (event.completed or not measure.completed_only)
    )


def _number(moment_ms: int, once_per: OncePer) -> int:
    """Return which hour, day or month of UTC a moment lies in, counted from a fixed one."""
    if once_per == "hour":
        return moment_ms // _HOUR_MS
    if once_per == "day":
        return moment_ms // _DAY_MS
    moment = datetime.fromtimestamp(moment_ms // 1000, UTC)
    return moment.year * 12 + moment.month


def _dimensions(event: AnswerEvent) -> tuple[tuple[str, str], ...]:
    return sorted_dimensions(
        event.attributes,
        survey_id=event.survey_id,
        question_id=event.question_id,
        touchpoint=event.touchpoint,
        channel=event.channel,
        journey=event.journey,
        journey_stage=event.journey_stage,
        team_id=event.team_id,
        agent_id=event.agent_id,
        product=event.product,
        region=event.region,
    )
