"""What is wrong only between two measures."""

from __future__ import annotations

import pytest

from schemas.definitions import parse_measures
from schemas.errors import ConfigError
from schemas.measures import Measures
from tests.schemas.definitions_text import GOOD, problems


def twins(second: str, first: str = GOOD) -> Measures:
    return parse_measures(f"{first}[[measure]]{second}")


TWIN = GOOD.partition("[[measure]]")[2].replace('"m"', '"twin"')


def test_two_measures_never_take_the_same_answers() -> None:
    with pytest.raises(ConfigError, match="twin: takes the same answers as m"):
        twins(TWIN)
    with pytest.raises(ConfigError, match="twin: takes the same answers as m"):
        twins(TWIN.replace("scale", "survey_versions = [2]\nscale"))


def test_a_name_is_used_once() -> None:
    with pytest.raises(ConfigError, match="measure m: the name is used twice"):
        twins(TWIN.replace('"twin"', '"m"').replace("[1, 5]", "[1, 6]"))


def test_the_same_scale_the_other_way_round_is_another_measure() -> None:
    measures = twins(TWIN.replace("scale", "higher_is_better = false\nscale"))
    for direction, name in ((True, "m"), (False, "twin")):
        found = measures.scored("CSAT", "OTHER", (1, 5), higher_is_better=direction)
        assert found is not None
        assert found.name == name


def test_the_same_answers_may_be_counted_once_per_customer_besides() -> None:
    measures = twins(TWIN.replace("scale", 'once_per = "day"\nscale'))
    assert [one.name for one in measures.once("CSAT")] == ["twin"]
    found = measures.scored("CSAT", "OTHER", (1, 5), higher_is_better=True)
    assert found is not None
    assert found.name == "m"


@pytest.mark.parametrize(
    ("plain", "once"),
    [
        ('survey_kinds = ["PRODUCT"]', ""),
        ('survey_kinds = ["PRODUCT"]', 'survey_kinds = ["RELATIONSHIP"]'),
        ("survey_versions = [1]", ""),
        ("completed_only = true", ""),
        ("higher_is_better = false", ""),
    ],
)
def test_once_per_customer_takes_no_answer_that_would_be_rejected(plain: str, once: str) -> None:
    second = TWIN.replace("scale", f'{once}\nonce_per = "day"\nscale')
    with pytest.raises(ConfigError, match="twin: once_per needs a measure without it"):
        twins(second, GOOD.replace("scale", f"{plain}\nscale"))


def test_a_consequence_of_a_problem_is_not_said_too() -> None:
    second = TWIN.replace("scale", 'once_per = "day"\nscale')
    text = f"{GOOD}[[measure]]{second}[[rollup]]\ndimensions = ['region']\n"
    assert "no measure has region together" in problems(text)
    said = problems(text.replace("doc =", "dock =", 1))
    assert "dock is not a key" in said
    assert "once_per" not in said
    assert "rollup" not in said
