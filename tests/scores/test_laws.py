"""What holds for every histogram."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from schemas.measures import Score
from streams.scores import ScoreValue, Thresholds, adjusted_wald, evaluate, wilson, z_quantile
from tests.scores.samples import (
    CONFIDENCES,
    CSAT_SCALE,
    MEAN,
    NPS,
    NPS_SCALE,
    TOP_BOX,
    boxes,
    histograms,
)

law = settings(max_examples=80, deadline=None)
confidences = st.sampled_from(CONFIDENCES) | st.floats(0.55, 0.9999)
SCORES = [(NPS, NPS_SCALE, -100, 100), (TOP_BOX, CSAT_SCALE, 0, 100), (MEAN, CSAT_SCALE, 1, 5)]


def width(score: ScoreValue) -> float:
    assert score.lower is not None
    assert score.upper is not None
    return score.upper - score.lower


@pytest.mark.parametrize(("score", "scale", "least", "most"), SCORES)
@given(data=st.data())
@law
def test_bounds_are_in_order_and_within_the_scale(
    score: Score, scale: tuple[int, int], least: int, most: int, data: st.DataObject
) -> None:
    counts, confidence = data.draw(histograms(scale)), data.draw(confidences)
    result = evaluate(score, counts, scale, Thresholds(confidence=confidence))
    assert result.value is not None
    assert least <= result.value <= most
    if result.lower is not None:
        assert result.upper is not None
        assert least <= result.lower <= result.upper <= most


@given(k=st.integers(0, 10**9), rest=st.integers(0, 10**9), confidence=confidences)
@law
def test_wilson_contains_the_share(k: int, rest: int, confidence: float) -> None:
    assume(k + rest > 0)
    lower, upper = wilson(k, k + rest, z_quantile(confidence))
    assert lower <= 100 * k / (k + rest) <= upper
    assert lower < upper


@given(counts=histograms(CSAT_SCALE), confidence=confidences)
@law
def test_a_t_interval_contains_the_mean(counts: dict[int, int], confidence: float) -> None:
    result = evaluate(MEAN, counts, CSAT_SCALE, Thresholds(confidence=confidence))
    assume(result.lower is not None)
    assert result.lower is not None
    assert result.upper is not None
    assert result.value is not None
    assert result.lower <= result.value <= result.upper


@given(parts=boxes(500), confidence=confidences)
@law
def test_adjusted_wald_contains_the_score_when_documented(
    parts: tuple[int, int, int], confidence: float
) -> None:
    top, bottom, n, z = parts[0], parts[1], sum(parts), z_quantile(confidence)
    assume(z * z >= 2 * (n + 3) / (n + 1))
    lower, upper = adjusted_wald(top, bottom, n, z)
    assert lower - 1e-9 <= 100 * (top - bottom) / n <= upper + 1e-9


def test_adjusted_wald_may_exclude_the_score_of_a_single_promoter() -> None:
    lower, upper = adjusted_wald(1, 0, 1, z_quantile(0.95))
    assert lower < upper < 100


@given(parts=boxes(10**6), confidence=confidences)
@law
def test_swapping_promoters_and_detractors_mirrors_the_score(
    parts: tuple[int, int, int], confidence: float
) -> None:
    top, bottom, between = parts
    thresholds = Thresholds(confidence=confidence)
    one = evaluate(NPS, {9: top, 8: between, 1: bottom}, NPS_SCALE, thresholds)
    other = evaluate(NPS, {9: bottom, 8: between, 1: top}, NPS_SCALE, thresholds)
    assert one.value is not None
    assert one.lower is not None
    assert one.upper is not None
    assert (other.value, other.lower, other.upper) == (-one.value, -one.upper, -one.lower)


@pytest.mark.parametrize(("score", "scale"), [(score, scale) for score, scale, *_ in SCORES])
@given(data=st.data())
@law
def test_more_answers_of_the_same_mix_narrow_the_interval(
    score: Score, scale: tuple[int, int], data: st.DataObject
) -> None:
    counts = data.draw(
        st.dictionaries(st.integers(*scale), st.integers(0, 300), min_size=1).filter(
            lambda drawn: sum(drawn.values()) > 1
        )
    )
    times = data.draw(st.integers(2, 9))
    thresholds = Thresholds(confidence=data.draw(st.sampled_from(CONFIDENCES)))
    few = evaluate(score, counts, scale, thresholds)
    many = evaluate(score, {b: n * times for b, n in counts.items()}, scale, thresholds)
    assert many.value == pytest.approx(few.value, rel=1e-15)
    # A clamped interval may stay as wide as the scale, a mean of equal answers has no width at all.
    assert width(many) <= width(few)
    if 0 < width(few) < scale[1] - scale[0]:
        assert width(many) < width(few)


@given(counts=histograms(NPS_SCALE))
@law
def test_a_corrected_answer_moves_nps_by_exactly_two_hundred_nths(counts: dict[int, int]) -> None:
    before = Counter({9: 1}) + Counter(counts)
    after = before - Counter({9: 1}) + Counter({3: 1})
    n = sum(before.values())

    def nps(histogram: Counter[int]) -> float | None:
        return evaluate(NPS, histogram, NPS_SCALE, Thresholds()).value

    def exactly(histogram: Counter[int]) -> Fraction:
        top = sum(histogram[bucket] for bucket in range(9, 11))
        return Fraction(100 * (top - sum(histogram[bucket] for bucket in range(7))), n)

    assert exactly(after) - exactly(before) == Fraction(-200, n)
    # The score is that fraction, rounded once: no sum of rounded parts.
    assert (nps(before), nps(after)) == (float(exactly(before)), float(exactly(after)))


@pytest.mark.parametrize(("score", "scale"), [(score, scale) for score, scale, *_ in SCORES])
@given(data=st.data())
@law
def test_merged_counts_score_as_all_their_answers(
    score: Score, scale: tuple[int, int], data: st.DataObject
) -> None:
    answers = st.lists(st.integers(*scale), max_size=30)
    here, there = data.draw(answers), data.draw(answers)
    merged = Counter(here) + Counter(there)
    backwards = dict(sorted(Counter(there + here).items(), reverse=True))
    thresholds = Thresholds(n_privacy=3, n_stat=10)
    assert evaluate(score, merged, scale, thresholds) == evaluate(
        score, backwards, scale, thresholds
    )
