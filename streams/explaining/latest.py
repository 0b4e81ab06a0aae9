"""The answers a customer counts with once per period, and those that a later one replaced."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple, cast

from schemas.measures import Measures
from streams.explaining.revised import corrections, reason_left_out
from streams.explaining.told import Told
from streams.fold.customers import Stored
from streams.histories.answers import AnswerHistory
from streams.histories.events import AnswerEvent
from streams.histories.fact import Fact

__all__ = ["latest_answers"]

_Identity = tuple[str, str, str]


class _Answer(NamedTuple):
    identity: _Identity
    revisions: tuple[Stored, ...]

    @property
    def newest(self) -> Stored:
        return self.revisions[-1]

    @property
    def own(self) -> list[Stored]:
        """The revisions that name the customer of the history."""
        return [stored for stored in self.revisions if stored.own]


def latest_answers(history: Sequence[Stored], measures: Measures, measure: str) -> Iterator[Told]:
    """Yield the answers that count for a measure, and those left out with the reason."""
    whole = AnswerHistory()
    for stored in history:
        whole.add(_event(stored), measures)
    standing = Counter(fact for fact in whole.facts() if fact.name == measure)
    # Of answers that would give the same fact the one with the largest id counts.
    for answer in sorted(_answers(history), key=lambda one: one.identity, reverse=True):
        alone = _alone(_event(answer.newest), measures, measure)
        if alone is not None and standing[alone] > 0:
            standing[alone] -= 1
            yield _told(answer, alone)
        elif alone is not None:
            yield _told(answer, alone, "a later answer of the same customer counts")
        else:
            yield from _left_out(answer, measures, measure)


def _left_out(answer: _Answer, measures: Measures, measure: str) -> Iterator[Told]:
    for stored in reversed(answer.own):
        event = _event(stored)
        score = event.scale_min if event.value_number is None else event.value_number
        plain = event._replace(
            op="CREATE", dismissed=False, completed=True, is_test=False, value_number=score
        )
        if fact := _alone(plain, measures, measure):
            yield _told(answer, fact, _reason(answer, stored))
            return


def _reason(answer: _Answer, counted: Stored) -> str:
    newest = _event(answer.newest)
    if not answer.newest.own:
        return f"another customer's since revision {newest.revision}"
    return reason_left_out(newest._asdict(), moved=counted is not answer.newest)


def _told(answer: _Answer, fact: Fact, left_out: str = "") -> Told:
    source, response_id, question_id = answer.identity
    own = [_event(stored) for stored in answer.own]
    return Told(
        fact,
        (("source", source), ("response_id", response_id), ("question_id", question_id)),
        answer.newest.offset,
        revision=_event(answer.newest).revision,
        note=corrections([one._asdict() for one in own]),
        left_out=left_out,
    )


def _alone(event: AnswerEvent, measures: Measures, measure: str) -> Fact | None:
    """Return what an answer would count as if the customer had given no other."""
    history = AnswerHistory()
    history.add(event, measures)
    return next((fact for fact in history.facts() if fact.name == measure), None)


def _answers(history: Sequence[Stored]) -> list[_Answer]:
    """Return the answers with their revisions, the highest last."""
    found: dict[_Identity, list[Stored]] = {}
    for stored in history:
        event = _event(stored)
        found.setdefault((event.source, event.response_id, event.question_id), []).append(stored)
    return [
        _Answer(identity, tuple(sorted(revisions, key=lambda one: _event(one).revision)))
        for identity, revisions in found.items()
    ]


def _event(stored: Stored) -> AnswerEvent:
    return cast(AnswerEvent, stored.event)
