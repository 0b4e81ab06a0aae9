"""The measures that ship: nothing is ever matched loosely, and they speak the schemas' language."""

from __future__ import annotations

from functools import partial

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.definitions import load_measures
from schemas.facts import FACTS
from schemas.measures import SCORELESS
from schemas.registry import FileRegistry, subject_of

SHIPPED = load_measures()
METRICS = ["NPS", "CSAT", "CES", "CES_LEGACY", "FCR_SELF", "RATING", "TEXT", "UNKNOWN"]
KINDS = ["UNKNOWN", "RELATIONSHIP", "TRANSACTIONAL", "PRODUCT", "OTHER"]


@settings(deadline=None, max_examples=300)
@given(
    st.sampled_from(METRICS),
    st.sampled_from(KINDS),
    st.integers(-1, 2),
    st.integers(1, 11),
    st.booleans(),
)
def test_an_answer_matches_exactly_or_not_at_all(
    metric: str, kind: str, low: int, high: int, higher_is_better: bool
) -> None:
    found = SHIPPED.scored(metric, kind, (low, high), higher_is_better=higher_is_better)
    fitting = [
        measure
        for measure in SHIPPED.measures
        if measure.metric == metric
        and not measure.once_per
        and measure.scale == (low, high)
        and measure.higher_is_better == higher_is_better
        and (not measure.survey_kinds or kind in measure.survey_kinds)
    ]
    assert fitting == ([] if found is None else [found])


def test_a_shipped_scale_is_found_in_its_own_direction_only() -> None:
    for measure in SHIPPED.measures:
        if measure.scale is None or measure.fact or measure.once_per:
            continue
        way = measure.higher_is_better
        for kind in measure.survey_kinds or {"OTHER"}:
            find = partial(SHIPPED.scored, measure.metric, kind, measure.scale)
            assert find(higher_is_better=way) is measure
            assert find(higher_is_better=not way) is not measure


def test_nps_of_no_kind_of_survey_is_nobody_s() -> None:
    assert SHIPPED.scored("NPS", "OTHER", (0, 10), higher_is_better=True) is None
    assert SHIPPED.scored("NPS", "UNKNOWN", (0, 10), higher_is_better=True) is None


def test_the_shipped_measures_speak_the_schemas_language() -> None:
    registry = FileRegistry()
    of_facts = {"sla": {"sla_policy", "sla_metric"}, "contact": {"contact_rule"}}
    for measure in SHIPPED.measures:
        fields = {
            one["name"]: one
            for one in registry.latest(subject_of(measure.topic)).definition["fields"]
        }
        extra = of_facts.get(measure.fact, set())
        assert set(measure.dimensions) <= fields.keys() | extra, measure.name
        if measure.metric:
            assert measure.metric in fields["metric"]["type"]["symbols"], measure.name
            assert measure.survey_kinds <= set(fields["survey_kind"]["type"]["symbols"])
        if measure.types:
            symbols = set(fields["type" if "type" in fields else "status"]["type"]["symbols"])
            assert measure.types <= symbols, measure.name
    answers = registry.latest("feedback.responses-value").definition["fields"]
    metrics = next(one for one in answers if one["name"] == "metric")["type"]["symbols"]
    assert set(metrics) >= SCORELESS


def test_every_metric_with_a_score_has_a_measure() -> None:
    answers = FileRegistry().latest("feedback.responses-value").definition["fields"]
    metrics = next(one for one in answers if one["name"] == "metric")["type"]["symbols"]
    measured = {measure.metric for measure in SHIPPED.measures if measure.metric}
    assert measured == set(metrics) - SCORELESS - {"UNKNOWN"}


def test_every_fact_is_measured_under_its_own_name() -> None:
    assert {m.fact: m.name for m in SHIPPED.measures if m.fact} == {name: name for name in FACTS}


def test_care_is_never_split_by_agent() -> None:
    for name in ("effort", "transfers", "replies", "promise", "journey.on_map", "journey.in_time"):
        measure = SHIPPED.by_name(name)
        assert measure is not None
        assert "agent_id" not in measure.dimensions


def test_a_customer_counts_once_where_it_is_asked_for() -> None:
    assert {m.name: m.once_per for m in SHIPPED.measures if m.once_per} == {
        "nps.relational.customers": "month",
        "csat.1-5.customers": "day",
    }
    assert [measure.name for measure in SHIPPED.once("CSAT")] == ["csat.1-5.customers"]


def test_a_top_box_is_the_same_for_satisfaction_and_for_any_rating() -> None:
    boxes: dict[tuple[int, int] | None, tuple[int, int] | None] = {}
    for measure in SHIPPED.measures:
        if measure.metric in ("CSAT", "RATING"):
            top, mean = measure.scores
            assert (top.name, top.kind, mean.kind) == ("top_box", "share", "mean")
            assert boxes.setdefault(measure.scale, top.top) == top.top
    assert boxes == {
        (0, 1): (1, 1), (1, 2): (2, 2), (1, 3): (3, 3), (1, 4): (3, 4), (1, 5): (4, 5), (1, 6): (5, 6),
        (1, 7): (6, 7), (1, 10): (8, 10),
    }  # fmt: skip


def test_names_and_topics_lead_to_measures() -> None:
    found = SHIPPED.by_name("nps.relational")
    assert found is not None
    assert found.scale == (0, 10)
    assert not found.is_count
    assert SHIPPED.by_name("no such") is None
    counts = SHIPPED.counts("feedback.responses")
    assert [measure.name for measure in counts] == ["answers"]
    assert all(measure.is_count for measure in counts)
    assert SHIPPED.counts("no such") == ()
