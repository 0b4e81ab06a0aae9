"""Two-sided p against scipy."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats

from streams.scores import p_of_t, p_of_z


@given(st.floats(-40, 40), st.integers(1, 10**7) | st.floats(1, 60))
@settings(max_examples=300, deadline=None)
def test_p_of_t_is_scipys(t: float, df: float) -> None:
    if abs(t) < 1:
        # scipy's own tail is exactly 1/2 for a small t. https://dlmf.nist.gov/8.17#E4 turns it round.
        expected = 1 - special.betainc(0.5, df / 2, t * t / (df + t * t))
    else:
        expected = 2 * stats.t.sf(abs(t), df)
    assert p_of_t(t, df) == pytest.approx(float(expected), rel=1e-10, abs=1e-300)


def test_a_small_t_is_told_from_none() -> None:
    # With one degree of freedom, p = 1 - 2 / pi * atan(t).
    t = 5.643431769777163e-09
    assert p_of_t(t, 1) == pytest.approx(1 - 2 / math.pi * math.atan(t), rel=1e-14)


@given(st.floats(-35, 35))
@settings(max_examples=80, deadline=None)
def test_p_of_z_is_scipys(z: float) -> None:
    assert p_of_z(z) == pytest.approx(2 * float(stats.norm.sf(abs(z))), rel=1e-10, abs=0)


def test_a_t_test_needs_a_degree_of_freedom() -> None:
    with pytest.raises(ValueError, match="needs at least 1"):
        p_of_t(1.0, 0.9)
