"""Answers that count once per customer, checked by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from schemas.measures import Measure, Measures
from streams.histories.answers import AnswerHistory
from streams.histories.events import AnswerEvent, answer_event
from streams.histories.fact import Change, Fact
from tests.builders import answer
from tests.histories.clocks import at

DAILY = Measure(
    name="nps.daily",
    topic="feedback.responses",
    doc="",
    source="",
    dimensions=("survey_id",),
    scores=(),
    metric="NPS",
    scale=(0, 10),
    once_per="day",
)


def measures(*every: Measure) -> Measures:
    return Measures(1, every, "")


def given(wall: str, score: float | None, **fields: Any) -> AnswerEvent:
    """Return an answer given when the clocks in UTC show this; its response is named after it."""
    fields = {"response_id": wall} | fields
    return answer_event(answer(responded_at=at(wall, "UTC"), value_number=score, **fields))


def scores(history: AnswerHistory) -> list[tuple[int, int]]:
    return sorted((fact.time_ms, fact.value) for fact in history.facts())


@pytest.mark.parametrize(
    ("once_per", "counted"),
    [
        ("hour", [1, 3, 4, 5, 6]),
        ("day", [3, 5, 6]),
        ("month", [5, 6]),
    ],
)
def test_of_one_hour_day_or_month_in_utc_only_the_latest_counts(
    once_per: Any, counted: list[int]
) -> None:
    history, rules = AnswerHistory(), measures(replace(DAILY, once_per=once_per))
    for wall, score in [
        ("2026-01-30T10:59:59.999", 1),
        ("2026-01-30T23:00", 2),
        ("2026-01-30T23:59:59.999", 3),
        ("2026-01-31T00:00", 4),
        ("2026-01-31T23:59", 5),
        ("2026-02-01T00:00", 6),
    ]:
        history.add(given(wall, score), rules)
    assert [value for _, value in scores(history)] == counted


def test_a_later_answer_takes_the_place_of_an_earlier_one_but_not_the_other_way_round() -> None:
    history, rules = AnswerHistory(), measures(DAILY)
    first = history.add(given("2026-01-30T10:00", 3), rules)
    assert history.add(given("2026-01-30T09:00", 9), rules) == Change([], [])
    later = history.add(given("2026-01-30T11:00", 8, response_id="0"), rules)
    assert later.removed == first.added
    assert [fact.value for fact in later.added] == [8]


def test_at_the_same_time_source_response_and_question_decide() -> None:
    history, rules = AnswerHistory(), measures(DAILY)
    for score, fields in enumerate(
        [
            {"source": "b", "response_id": "1", "question_id": "2"},
            {"source": "b", "response_id": "1", "question_id": "1"},
            {"source": "a", "response_id": "9", "question_id": "9"},
        ]
    ):
        history.add(given("2026-01-30T10:00", score, **fields), rules)
    assert [value for _, value in scores(history)] == [0]


def test_only_the_newest_revision_counts_in_whatever_order_they_arrive() -> None:
    history, rules = AnswerHistory(), measures(DAILY)
    history.add(given("2026-01-30T10:00", 2, revision=2, response_id="r"), rules)
    older = given("2026-01-30T10:00", 1, revision=1, response_id="r")
    assert history.add(older, rules) == Change([], [])
    moved = history.add(given("2026-02-01T10:00", 3, revision=3, response_id="r"), rules)
    assert [fact.value for fact in moved.removed] == [2]
    assert [fact.value for fact in moved.added] == [3]


@pytest.mark.parametrize(
    "taken_back",
    [{"op": "DELETE"}, {"dismissed": True}, {"metric": "CSAT"}, {"value_number": None}],
)
def test_when_an_answer_is_taken_back_the_one_before_it_counts(taken_back: dict[str, Any]) -> None:
    history, rules = AnswerHistory(), measures(DAILY)
    history.add(given("2026-01-30T10:00", 3), rules)
    late = given("2026-01-30T11:00", 8, response_id="late")
    history.add(late, rules)
    change = history.add(late._replace(revision=2, **taken_back), rules)
    assert [fact.value for fact in change.removed] == [8]
    assert [fact.value for fact in change.added] == [3]
    assert history.add(late, rules) == Change([], [])


@pytest.mark.parametrize(
    ("measure", "fields", "taken"),
    [
        ({}, {}, True),
        ({}, {"scale_min": 1}, False),
        ({}, {"scale_max": None}, False),
        ({}, {"higher_is_better": False}, False),
        ({"higher_is_better": False}, {"higher_is_better": False}, True),
        ({"survey_kinds": frozenset({"PRODUCT"})}, {"survey_kind": "PRODUCT"}, True),
        ({"survey_kinds": frozenset({"PRODUCT"})}, {"survey_kind": "OTHER"}, False),
        ({"survey_versions": frozenset({1, 2})}, {"survey_version": 2}, True),
        ({"survey_versions": frozenset({1, 2})}, {"survey_version": 3}, False),
        ({"survey_versions": frozenset({1, 2})}, {"survey_version": None}, False),
        ({"completed_only": True}, {"completed": True}, True),
        ({"completed_only": True}, {"completed": False}, False),
        ({}, {"completed": False}, True),
        ({"metric": "CSAT"}, {}, False),
        ({"once_per": ""}, {}, False),
    ],
)
def test_which_answers_a_measure_takes(
    measure: dict[str, Any], fields: dict[str, Any], taken: bool
) -> None:
    change = AnswerHistory().add(
        given("2026-01-30T10:00", 5, **fields), measures(replace(DAILY, **measure))
    )
    assert bool(change.added) is taken


def test_each_measure_counts_for_itself() -> None:
    history = AnswerHistory()
    rules = measures(DAILY, replace(DAILY, name="nps.monthly", once_per="month"))
    history.add(given("2026-01-30T10:00", 3), rules)
    history.add(given("2026-01-31T10:00", 8), rules)
    assert sorted((fact.name, fact.value) for fact in history.facts()) == [
        ("nps.daily", 3),
        ("nps.daily", 8),
        ("nps.monthly", 8),
    ]


def test_a_fact_bears_the_name_of_its_measure_and_all_dimensions() -> None:
    event = given(
        "2026-01-30T10:00",
        7.0,
        channel="UNKNOWN",
        touchpoint="",
        journey="order",
        journey_stage="pay",
        team_id="t1",
        agent_id="a1",
        product="shoes",
        region="north",
        attributes=[{"name": "tier", "value": "gold"}, {"name": "plan", "value": ""}],
    )
    assert AnswerHistory().add(event, measures(DAILY)).added == [
        Fact(
            "nps.daily",
            at("2026-01-30T10:00", "UTC"),
            7,
            (
                ("agent_id", "a1"),
                ("attributes.tier", "gold"),
                ("channel", "UNKNOWN"),
                ("journey", "order"),
                ("journey_stage", "pay"),
                ("product", "shoes"),
                ("question_id", "q1"),
                ("region", "north"),
                ("survey_id", "s1"),
                ("team_id", "t1"),
            ),
        )
    ]


def test_new_measures_judge_all_answers_anew() -> None:
    history = AnswerHistory()
    history.add(given("2026-01-30T10:00", 3), measures(DAILY))
    history.add(given("2026-01-31T10:00", 8), measures(DAILY))
    monthly = measures(replace(DAILY, once_per="month"))
    late = given("2026-01-01T10:00", 1)
    change = history.add(late, monthly)
    assert [fact.value for fact in change.removed] == [3]
    assert change.added == []
    assert [value for _, value in scores(history)] == [8]
    assert [fact.value for fact in history.add(late, measures()).removed] == [8]
