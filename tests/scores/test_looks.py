"""Many looks, risks and correlations: golden values and scipy."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from streams.scores import (
    Correlation,
    RelativeRisk,
    benjamini_hochberg,
    correlation,
    relative_risk,
)

law = settings(max_examples=80, deadline=None)
p_values = st.lists(st.none() | st.floats(0, 1), max_size=40)


@given(p_values)
@law
def test_adjusted_p_values_are_scipys(drawn: list[float | None]) -> None:
    known = [p for p in drawn if p is not None]
    found = benjamini_hochberg(drawn)
    assert [p is None for p in found] == [p is None for p in drawn]
    expected = stats.false_discovery_control(known).tolist() if known else []
    assert [p for p in found if p is not None] == pytest.approx(expected, rel=1e-12)


@given(p_values)
@law
def test_adjusting_keeps_the_order_and_never_helps(drawn: list[float | None]) -> None:
    pairs = sorted(
        (p, adjusted)
        for p, adjusted in zip(drawn, benjamini_hochberg(drawn), strict=True)
        if p is not None and adjusted is not None
    )
    assert all(one[1] <= other[1] for one, other in pairwise(pairs))
    assert all(p <= adjusted * (1 + 1e-12) and adjusted <= 1 for p, adjusted in pairs)


def test_one_look_is_not_adjusted() -> None:
    assert benjamini_hochberg([None, 0.04]) == [None, 0.04]


@pytest.mark.parametrize("p", [-0.1, 1.1, float("nan")])
def test_what_is_no_p_value_is_refused(p: float) -> None:
    with pytest.raises(ValueError, match="is not between 0 and 1"):
        benjamini_hochberg([0.5, p])


def test_the_golden_relative_risk() -> None:
    risk = relative_risk(40, 200, 10, 200)
    assert (risk.value, risk.lower, risk.upper) == pytest.approx((4.00, 2.06, 7.78), abs=0.005)


@given(st.tuples(*[st.integers(1, 500)] * 2), st.tuples(*[st.integers(0, 500)] * 2))
@law
def test_a_relative_risk_is_scipys(affected: tuple[int, int], rest: tuple[int, int]) -> None:
    (k1, k2), (n1, n2) = affected, (affected[0] + rest[0], affected[1] + rest[1])
    expected = stats.contingency.relative_risk(k1, n1, k2, n2)
    interval = expected.confidence_interval(0.9)
    risk = relative_risk(k1, n1, k2, n2, 0.9)
    assert (risk.value, risk.lower, risk.upper) == pytest.approx(
        (expected.relative_risk, interval.low, interval.high), rel=1e-9
    )


def test_a_relative_risk_says_nothing_of_nothing() -> None:
    assert relative_risk(3, 9, 0, 9) == RelativeRisk(None, None, None)
    assert relative_risk(0, 0, 2, 9) == RelativeRisk(None, None, None)
    assert relative_risk(0, 9, 2, 9) == RelativeRisk(0.0, None, None)
    with pytest.raises(ValueError, match="no group has more affected than members"):
        relative_risk(10, 9, 2, 9)


def correlated(x: list[int], y: list[int], confidence: float = 0.95) -> Correlation:
    return correlation(
        len(x),
        sum_x=sum(x),
        sum_y=sum(y),
        sum_xx=sum(a * a for a in x),
        sum_yy=sum(b * b for b in y),
        sum_xy=sum(a * b for a, b in zip(x, y, strict=True)),
        confidence=confidence,
    )


@given(st.lists(st.tuples(st.integers(0, 10), st.integers(1, 5)), min_size=4, max_size=60))
@law
def test_a_correlation_is_scipys(pairs: list[tuple[int, int]]) -> None:
    x, y = [a for a, _ in pairs], [b for _, b in pairs]
    found = correlated(x, y)
    if len(set(x)) == 1 or len(set(y)) == 1:
        assert found == Correlation(None, None, None, len(x))
        return
    expected = stats.pearsonr(x, y)
    assert found.r == pytest.approx(expected.statistic, abs=1e-9)
    if found.r is not None and abs(found.r) < 0.999999:
        interval = expected.confidence_interval(0.95)
        assert (found.lower, found.upper) == pytest.approx((interval.low, interval.high), abs=1e-9)


def test_a_perfect_line_and_three_pairs_have_no_interval() -> None:
    assert correlated([1, 2, 3, 4], [2, 4, 6, 8]) == Correlation(1.0, None, None, 4)
    assert correlated([1, 2, 3], [2, 1, 5]).lower is None
    assert correlated([1], [2]) == Correlation(None, None, None, 1)
