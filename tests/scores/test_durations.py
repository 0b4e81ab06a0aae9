"""Scores of durations are in seconds and within one percent of the truth."""

from __future__ import annotations

from collections import Counter
from statistics import fmean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.measures import Score
from streams.scores import ScoreValue, Thresholds, evaluate
from streams.scores.duration_buckets import bounds_of, bucket_of, value_of
from tests.scores import oracle
from tests.scores.samples import CONFIDENCES, COUNT, MEAN_TIME, MEDIAN, SLOW, durations

law = settings(max_examples=80, deadline=None)


def scored(score: Score, drawn: list[int], confidence: float = 0.95) -> ScoreValue:
    counts = Counter(map(bucket_of, drawn))
    return evaluate(score, counts, None, Thresholds(confidence=confidence), duration=True)


@given(durations())
@law
def test_a_mean_is_within_one_percent(drawn: list[int]) -> None:
    result = scored(MEAN_TIME, drawn)
    assert result.value == pytest.approx(fmean(drawn) / 1000, rel=0.01000001, abs=1e-12)


@given(durations(), st.sampled_from(CONFIDENCES))
@law
def test_the_interval_of_a_mean_is_that_of_the_values_that_stand_for_it(
    drawn: list[int], confidence: float
) -> None:
    result = scored(MEAN_TIME, drawn, confidence)
    values = [value_of(bucket_of(ms)) / 1000 for ms in drawn]
    assert result.value == pytest.approx(fmean(values), rel=1e-12)
    # an oracle of whole numbers: the values in millionths
    whole = [round(value * 10**6) for value in values]
    expected = oracle.mean_bounds(whole, (0, 10**18), confidence)
    if expected is None:
        assert (result.lower, result.upper) == (None, None)
    else:
        bounds = [end / 10**6 for end in expected]
        assert [result.lower, result.upper] == pytest.approx(bounds, rel=1e-6, abs=1e-3)
        assert result.lower is not None
        assert result.lower >= 0


@pytest.mark.parametrize(("score", "q"), [(MEDIAN, "0.5"), (SLOW, "0.9")])
@given(drawn=durations())
@law
def test_a_quantile_is_within_one_percent_and_its_bounds_hold_whole_buckets(
    score: Score, q: str, drawn: list[int]
) -> None:
    result = scored(score, drawn)
    true = oracle.quantile(drawn, q)
    assert result.value == pytest.approx(true / 1000, rel=0.01000001, abs=1e-12)
    for bound, true_bound, edge in zip(
        (result.lower, result.upper), oracle.quantile_bounds(drawn, q, 0.95), (0, 1), strict=True
    ):
        if true_bound is None:
            assert bound is None
        else:
            assert bound == bounds_of(bucket_of(true_bound))[edge] / 1000
    assert result.lower is None or result.lower <= true / 1000
    assert result.upper is None or result.upper >= true / 1000


def test_durations_that_are_all_alike_have_no_spread() -> None:
    for hour in (1, 7, 90_000, 3_600_000, 10**9):
        result = scored(MEAN_TIME, [hour] * 37)
        assert result.lower == result.value == result.upper == value_of(bucket_of(hour)) / 1000


def test_a_duration_is_counted_like_anything_else() -> None:
    assert scored(COUNT, [1, 2, 3]).value == 3.0


def test_a_bucket_of_no_duration_is_refused() -> None:
    with pytest.raises(ValueError, match="Bucket 2 is not one of a duration"):
        evaluate(MEDIAN, {2: 1}, None, Thresholds(), duration=True)
