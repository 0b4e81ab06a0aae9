"""Quantiles: against sorted lists, and how often their interval holds the truth."""

from __future__ import annotations

from collections import Counter
from math import ceil
from statistics import fmean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from schemas.measures import Score
from streams.scores import Thresholds, evaluate, z_quantile
from streams.scores.order_statistics import quantile_ranks
from tests.scores import oracle
from tests.scores.samples import CONFIDENCES, NPS_SCALE, answers

QS = ("0.07", "0.25", "0.5", "0.9", "0.99")


def of(q: str) -> Score:
    return Score("s", "quantile", "points", "", q=float(q))


@given(st.lists(st.integers(*NPS_SCALE), min_size=1, max_size=300), st.data())
@settings(max_examples=80, deadline=None)
def test_a_quantile_is_one_of_the_sorted_answers(drawn: list[int], data: st.DataObject) -> None:
    q, confidence = data.draw(st.sampled_from(QS)), data.draw(st.sampled_from(CONFIDENCES))
    result = evaluate(of(q), Counter(drawn), NPS_SCALE, Thresholds(confidence=confidence))
    assert result.value == oracle.quantile(drawn, q)
    assert (result.lower, result.upper) == oracle.quantile_bounds(drawn, q, confidence)
    assert (result.n, result.method) == (len(drawn), "order_statistics")


@given(answers(NPS_SCALE), st.floats(0.001, 0.999), st.sampled_from(CONFIDENCES))
@settings(max_examples=80, deadline=None)
def test_a_quantile_is_between_its_bounds_and_within_the_answers(
    drawn: list[int], q: float, confidence: float
) -> None:
    score = Score("s", "quantile", "points", "", q=q)
    result = evaluate(score, Counter(drawn), NPS_SCALE, Thresholds(confidence=confidence))
    assert result.value in drawn
    assert result.lower is None or min(drawn) <= result.lower <= result.value
    assert result.upper is None or result.value <= result.upper <= max(drawn)


@given(st.integers(1, 10**6), st.integers(1, 99))
@settings(max_examples=200, deadline=None)
def test_the_rank_is_exact_where_floating_point_is_not(n: int, percent: int) -> None:
    assert quantile_ranks(n, percent / 100, 1.96)[0] == -(-n * percent // 100)


def test_floating_point_alone_would_take_the_wrong_answer() -> None:
    assert ceil(0.07 * 100) == 8
    assert quantile_ranks(100, 0.07, 1.96)[0] == 7


@pytest.mark.parametrize(("q", "worst"), [(0.5, 0.929), (0.9, 0.919), (0.95, 0.926)])
def test_the_interval_holds_the_true_quantile_as_often_as_it_says(q: float, worst: float) -> None:
    # The answers below the true quantile are binomial: it is inside when at least `lower` and fewer
    # than `upper` of them are. A bound that is not there excludes nothing.
    found = []
    for n in (*range(30, 400), 1000, 10**5):
        _, lower, upper = quantile_ranks(n, q, z_quantile(0.95))
        below = stats.binom(n, q)
        found.append(below.cdf(n if upper is None else upper - 1) - below.cdf((lower or 0) - 1))
    assert min(found) >= worst
    assert fmean(found) >= 0.95


def test_few_answers_do_not_bound_a_quantile() -> None:
    result = evaluate(of("0.99"), {1: 20, 9: 30}, NPS_SCALE, Thresholds())
    assert (result.value, result.lower, result.upper) == (9.0, 9.0, None)
    result = evaluate(of("0.5"), {3: 1}, NPS_SCALE, Thresholds())
    assert (result.value, result.lower, result.upper, result.status) == (3.0, None, None, "thin")


def test_the_example_of_the_handbook() -> None:
    # 16 values; without interpolation their upper quartile is the 12th, and the normal ranks are 9 and 16
    # (Conover 1999, p. 144: r = 12 - 3.395, s = 12 + 3.395, both rounded up).
    assert quantile_ranks(16, 0.75, 1.96) == (12, 9, 16)
