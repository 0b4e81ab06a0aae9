"""Differences of scores: published and golden values, scipy, and what holds for every pair."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from math import hypot

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from schemas.measures import Score
from streams.scores import Difference, Thresholds, difference
from streams.scores.duration_buckets import bucket_of, value_of
from tests.scores import oracle
from tests.scores.samples import (
    COUNT,
    CSAT_SCALE,
    MEAN,
    MEAN_TIME,
    MEDIAN,
    NPS,
    NPS_SCALE,
    REOPENED,
    TOP_BOX,
    histograms,
)

law = settings(max_examples=60, deadline=None)
THRESHOLDS = Thresholds()
SCORES: list[tuple[Score, tuple[int, int] | None]] = [
    (NPS, NPS_SCALE),
    (TOP_BOX, CSAT_SCALE),
    (MEAN, CSAT_SCALE),
    (MEDIAN, CSAT_SCALE),
    (COUNT, None),
]


def numbers(result: Difference) -> list[float | None]:
    return [result.value, result.lower, result.upper, result.z, result.p]


def nps(promoters: int, detractors: int, n: int) -> dict[int, int]:
    return {10: promoters, 7: n - promoters - detractors, 0: detractors}


@pytest.mark.parametrize(("shrink", "z"), [(1, 2.825), (10, 0.883)])
def test_the_same_shares_are_significant_of_a_thousand_and_not_of_a_hundred(
    shrink: int, z: float
) -> None:
    here, there = (
        nps(500 // shrink, 200 // shrink, 1000 // shrink),
        nps(440 // shrink, 240 // shrink, 1000 // shrink),
    )
    result = difference(NPS, here, there, NPS_SCALE, THRESHOLDS)
    assert (result.value, result.method, result.status) == (10.0, "adjusted_wald", "ok")
    assert result.z == pytest.approx(z, abs=0.0005)
    assert result.lower is not None
    assert result.upper is not None
    assert result.p is not None
    assert (result.p < 0.05) == (result.lower > 0) == (shrink == 1)
    if shrink == 1:
        assert (result.lower + result.upper) / 2 == pytest.approx(9.97, abs=0.005)


# Newcombe (1998), Stat. Med. 17:873, table II, method 10
NEWCOMBE = [
    (56, 70, 48, 80, (0.0524, 0.3339)),
    (9, 10, 3, 10, (0.1705, 0.8090)),
    (6, 7, 2, 7, (0.0582, 0.8062)),
    (5, 56, 0, 29, (-0.0381, 0.1926)),
    (0, 10, 0, 20, (-0.1611, 0.2775)),
    (10, 10, 0, 20, (0.6791, 1.0000)),
    (10, 10, 0, 10, (0.6075, 1.0000)),
]


@pytest.mark.parametrize(("k1", "n1", "k2", "n2", "expected"), NEWCOMBE)
def test_shares_are_compared_as_newcombe_published(
    k1: int, n1: int, k2: int, n2: int, expected: tuple[float, float]
) -> None:
    here, there = {5: k1, 1: n1 - k1}, {5: k2, 1: n2 - k2}
    result = difference(TOP_BOX, here, there, CSAT_SCALE, THRESHOLDS)
    assert result.value == pytest.approx(100 * (k1 / n1 - k2 / n2))
    assert result.lower == pytest.approx(100 * expected[0], abs=0.005)
    assert result.upper == pytest.approx(100 * expected[1], abs=0.005)
    if 0 < k1 + k2 < n1 + n2:
        assert result.p == pytest.approx(oracle.n_minus_one_p(k1, n1, k2, n2), rel=1e-9)
    else:
        assert (result.z, result.p) == (0.0, 1.0)


@given(
    st.lists(st.integers(*CSAT_SCALE), min_size=2, max_size=30),
    st.lists(st.integers(*CSAT_SCALE), min_size=2, max_size=30),
    st.sampled_from((0.8, 0.95)),
)
@law
def test_means_are_compared_as_by_scipy(
    one: list[int], other: list[int], confidence: float
) -> None:
    assume(len(set(one)) > 1 or len(set(other)) > 1)
    thresholds = Thresholds(confidence=confidence)
    result = difference(MEAN, Counter(one), Counter(other), CSAT_SCALE, thresholds)
    lower, upper, t, p = oracle.welch(one, other, confidence)
    assert [result.lower, result.upper, result.z] == pytest.approx(
        [max(-4, lower), min(4, upper), t], rel=1e-4, abs=1e-9
    )
    assert result.p == pytest.approx(p, rel=1e-8, abs=1e-300)


@given(st.lists(st.integers(0, 10**9), min_size=3, max_size=30))
@law
def test_mean_durations_are_compared_in_seconds(drawn: list[int]) -> None:
    shorter = [ms // 2 for ms in drawn]
    here, there = (Counter(map(bucket_of, side)) for side in (drawn, shorter))
    assume(len(here) > 1 or len(there) > 1)
    result = difference(MEAN_TIME, here, there, None, THRESHOLDS, duration=True)
    one, other = (
        [Fraction(value_of(bucket_of(ms))) / 1000 for ms in side] for side in (drawn, shorter)
    )
    expected = oracle.welch(one, other, 0.95)
    assert [result.lower, result.upper, result.z, result.p] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(("here", "there"), [({4: 1}, {3: 9, 5: 2}), ({4: 7}, {2: 9})])
def test_means_without_spread_are_not_tested(here: dict[int, int], there: dict[int, int]) -> None:
    result = difference(MEAN, here, there, CSAT_SCALE, THRESHOLDS)
    assert result.value is not None
    assert numbers(result)[1:] == [None] * 4


def test_quantiles_are_not_tested() -> None:
    result = difference(MEDIAN, {5: 40}, {3: 50}, CSAT_SCALE, THRESHOLDS)
    assert result == Difference(2.0, None, None, None, None, "none", "ok")


@pytest.mark.parametrize("seconds", [(60.0, 60.0), (3600.0, 7200.0), (5.0, 1.0)])
@pytest.mark.parametrize(("n1", "n2"), [(30, 12), (1, 9), (0, 7), (1000, 900)])
def test_counts_are_compared_as_a_binomial_of_their_sum(
    n1: int, n2: int, seconds: tuple[float, float]
) -> None:
    found = difference(COUNT, {0: n1}, {0: n2}, None, THRESHOLDS, seconds=seconds)
    if n1 == 0:
        assert (found.value, found.p, found.status) == (None, None, "empty")
        return
    ratio = seconds[0] / seconds[1]
    share = seconds[0] / sum(seconds)
    given_sum = stats.binom(n1 + n2, share)
    assert found.value is not None
    assert found.value == pytest.approx(n1 - n2 * ratio)
    assert found.z == pytest.approx((n1 - given_sum.mean()) / given_sum.std(), abs=1e-12)
    assert (found.method, found.status) == ("poisson_score", "ok")
    # A count n is not rejected at the rates where (n - rate)^2 = z^2 rate: its score interval.
    z = float(stats.norm.isf(0.025))
    (low1, high1), (low2, high2) = (
        sorted(map(float, np.roots([1, -(2 * n + z * z), n * n]))) for n in (n1, n2)
    )
    down, up = hypot(n1 - low1, ratio * (high2 - n2)), hypot(high1 - n1, ratio * (n2 - low2))
    assert (found.lower, found.upper) == pytest.approx((found.value - down, found.value + up))


def test_a_time_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="are not both positive"):
        difference(COUNT, {0: 1}, {0: 1}, None, THRESHOLDS, seconds=(0.0, 1.0))


@pytest.mark.parametrize(("score", "scale"), SCORES)
@given(data=st.data())
@law
def test_swapping_the_sides_mirrors_the_difference(
    score: Score, scale: tuple[int, int] | None, data: st.DataObject
) -> None:
    here, there = data.draw(histograms(scale or (0, 0))), data.draw(histograms(scale or (0, 0)))
    one = difference(score, here, there, scale, THRESHOLDS)
    other = difference(score, there, here, scale, THRESHOLDS)
    mirrored = [None if x is None else -x for x in (one.value, one.upper, one.lower, one.z)]
    for found, expected in zip(numbers(other), [*mirrored, one.p], strict=True):
        assert found == (None if expected is None else pytest.approx(expected, rel=1e-9, abs=1e-9))
    assert one.p is None or 0 <= one.p <= 1
    if one.value is not None and one.lower is not None and one.upper is not None:
        assert one.lower <= one.upper
        if score.kind != "net":  # whose interval is centred nearer to zero
            assert one.lower - 1e-9 <= one.value <= one.upper + 1e-9


@pytest.mark.parametrize(("score", "scale"), SCORES)
@given(data=st.data())
@law
def test_the_same_answers_on_both_sides_differ_by_nothing(
    score: Score, scale: tuple[int, int] | None, data: st.DataObject
) -> None:
    side = data.draw(histograms(scale or (0, 0)))
    result = difference(score, side, side, scale, THRESHOLDS)
    assert result.value == 0
    assert result.z in (None, 0)
    assert result.p is None or result.p == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize(
    ("other", "status"),
    [({}, "empty"), ({4: 3}, "suppressed"), ({4: 20}, "thin"), ({4: 90}, "ok")],
)
def test_a_difference_is_worth_its_weaker_side(other: dict[int, int], status: str) -> None:
    thresholds = Thresholds(n_privacy=5, n_stat=30)
    for sides in ((other, {5: 80, 1: 9}), ({5: 80, 1: 9}, other)):
        result = difference(TOP_BOX, *sides, CSAT_SCALE, thresholds)
        assert result.status == status
        assert (numbers(result) == [None] * 5) == (status in ("empty", "suppressed"))


def test_a_share_is_compared_within_its_base() -> None:
    alone = difference(REOPENED, {1: 30, 3: 20}, {1: 8, 2: 40}, (0, 4), THRESHOLDS)
    among = difference(REOPENED, {0: 99, 1: 30, 3: 20}, {1: 8, 2: 40, 4: 77}, (0, 4), THRESHOLDS)
    assert alone == among
