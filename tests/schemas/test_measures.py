"""The measure registry: what is wrong is said at once, and nothing is ever matched loosely."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.definitions import load_measures, parse_measures
from schemas.errors import ConfigError
from schemas.measures import DIMENSIONS, SCORELESS
from schemas.registry import FileRegistry, subject_of

SHIPPED = load_measures()
METRICS = ["NPS", "CSAT", "CES", "CES_LEGACY", "FCR_SELF", "RATING", "TEXT", "UNKNOWN"]
KINDS = ["UNKNOWN", "RELATIONSHIP", "TRANSACTIONAL", "PRODUCT", "OTHER"]

GOOD = """
version = 1
[[measure]]
name = "m"
topic = "feedback.responses"
doc = "d"
source = "s"
metric = "CSAT"
scale = [1, 5]
[[measure.score]]
name = "top"
kind = "share"
top = [4, 5]
"""


def test_every_problem_is_said_at_once() -> None:
    text = """
    version = 0
    [[measure]]
    name = "one"
    topic = "feedback.responses"
    doc = "d"
    metric = "CSAT"
    scale = [5, 1]
    dimensions = ["shoe_size"]
    colour = "red"
    [[measure.score]]
    name = "x"
    kind = "shares"
    [[measure]]
    name = "two"
    topic = "feedback.responses"
    doc = "d"
    source = "s"
    scale = [1, 5]
    [[measure.score]]
    name = "net"
    kind = "net"
    top = [3, 6]
    bottom = [1, 3]
    """
    with pytest.raises(ConfigError) as caught:
        parse_measures(text, name="mine.toml")
    message = str(caught.value)
    for expected in (
        "mine.toml is wrong",
        "version:",
        "measure one: source is missing",
        "measure one: colour is not a key",
        "measure one: dimension shoe_size is none of",
        "measure one: scale must be",
        "measure one: score x: kind must be one of",
        "measure two: a measure with a scale needs a metric",
        "measure two: score net: the box [3, 6] is not inside the scale [1, 5]",
        "measure two: score net: top and bottom overlap",
    ):
        assert expected in message
    assert caught.value.exit_code == 3


def test_two_measures_never_take_the_same_answers() -> None:
    twin = GOOD.partition("[[measure]]")[2].replace('"m"', '"twin"')
    with pytest.raises(ConfigError, match="twin: takes the same answers as m"):
        parse_measures(f"{GOOD}[[measure]]{twin}")


def test_a_name_is_used_once() -> None:
    twin = GOOD.partition("[[measure]]")[2].replace("[1, 5]", "[1, 6]")
    with pytest.raises(ConfigError, match="m: the name is used twice"):
        parse_measures(f"{GOOD}[[measure]]{twin}")


def test_the_same_scale_the_other_way_round_is_another_measure() -> None:
    twin = GOOD.partition("[[measure]]")[2].replace('"m"', '"twin"\nhigher_is_better = false')
    measures = parse_measures(f"{GOOD}[[measure]]{twin}")
    for direction, name in ((True, "m"), (False, "twin")):
        found = measures.scored("CSAT", "OTHER", (1, 5), higher_is_better=direction)
        assert found is not None
        assert found.name == name


def test_a_count_has_no_scale_and_a_score_has_one() -> None:
    with pytest.raises(ConfigError, match="a count has no scale"):
        parse_measures(GOOD.replace('"share"', '"count"'))


def test_broken_toml_names_its_line() -> None:
    with pytest.raises(ConfigError, match="line 2"):
        parse_measures("version = 1\nversion = 2\n")


def test_a_missing_file_names_the_setting(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="EARSHOT_SCORES__MEASURES_FILE"):
        load_measures(tmp_path / "none.toml")


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
        and measure.scale == (low, high)
        and measure.higher_is_better == higher_is_better
        and (not measure.survey_kinds or kind in measure.survey_kinds)
    ]
    assert fitting == ([] if found is None else [found])


def test_a_shipped_scale_is_found_in_its_own_direction_only() -> None:
    for measure in SHIPPED.measures:
        if measure.scale is None:
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
    for measure in SHIPPED.measures:
        fields = {
            one["name"]: one
            for one in registry.latest(subject_of(measure.topic)).definition["fields"]
        }
        assert set(measure.dimensions) <= fields.keys() & set(DIMENSIONS), measure.name
        if measure.scale is not None:
            assert measure.metric in fields["metric"]["type"]["symbols"], measure.name
            assert measure.survey_kinds <= set(fields["survey_kind"]["type"]["symbols"])
        if measure.types:
            symbols = set(fields["type" if "type" in fields else "status"]["type"]["symbols"])
            assert measure.types <= symbols, measure.name
    answers = registry.latest("feedback.responses-value").definition["fields"]
    metrics = next(one for one in answers if one["name"] == "metric")["type"]["symbols"]
    assert set(metrics) >= SCORELESS


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
