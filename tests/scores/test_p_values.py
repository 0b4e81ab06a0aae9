"""Two-sided p against scipy."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from streams.scores import p_of_t, p_of_z


@given(st.floats(-40, 40), st.integers(1, 10**7) | st.floats(1, 60))
@settings(max_examples=300, deadline=None)
def test_p_of_t_is_scipys(t: float, df: float) -> None:
    assert p_of_t(t, df) == pytest.approx(2 * float(stats.t.sf(abs(t), df)), rel=1e-10, abs=1e-300)


@given(st.floats(-35, 35))
@settings(max_examples=80, deadline=None)
def test_p_of_z_is_scipys(z: float) -> None:
    assert p_of_z(z) == pytest.approx(2 * float(stats.norm.sf(abs(z))), rel=1e-10, abs=0)


def test_a_t_test_needs_a_degree_of_freedom() -> None:
    with pytest.raises(ValueError, match="needs at least 1"):
        p_of_t(1.0, 0.9)
