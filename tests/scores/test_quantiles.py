"""Quantiles and quadrature against scipy, and the examples of the docstrings."""

from __future__ import annotations

import doctest
import pkgutil
from importlib import import_module
from math import cos

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import streams.scores
from streams.scores import t_quantile, z_quantile
from streams.scores.legendre import gauss_legendre
from streams.scores.t_quantile import QUADRATURE_ORDER
from tests.scores import legendre_table

LEVELS = (0.500001, 0.6, 0.8, 0.9, 0.95, 0.99, 0.999, 0.9999, 0.99999)
SOME_DF = (*range(1, 66), 100, 317, 1000, 10**4, 10**5, 10**6, 10**7, 10**9)


@pytest.mark.parametrize("confidence", LEVELS)
def test_t_is_scipys_t(confidence: float) -> None:
    expected = [float(stats.t.isf((1 - confidence) / 2, df)) for df in SOME_DF]
    assert [t_quantile(df, confidence) for df in SOME_DF] == pytest.approx(
        expected, rel=1e-10, abs=0
    )


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 10**7), st.floats(0.501, 0.9999))
def test_t_is_scipys_t_anywhere(df: int, confidence: float) -> None:
    expected = float(stats.t.isf((1 - confidence) / 2, df))
    assert t_quantile(df, confidence) == pytest.approx(expected, rel=1e-10, abs=0)


@pytest.mark.parametrize("confidence", [1 - 1e-7, 1 - 1e-9, 1 - 1e-12])
def test_t_stays_sound_beyond_any_confidence_in_use(confidence: float) -> None:
    for df in (1, 2, 5, 30, 1000, 10**6):
        expected = float(stats.t.isf((1 - confidence) / 2, df))
        assert t_quantile(df, confidence) == pytest.approx(expected, rel=1e-3), df


@pytest.mark.parametrize("confidence", [*LEVELS, 1 - 1e-9])
def test_z_is_scipys_z(confidence: float) -> None:
    expected = float(stats.norm.isf((1 - confidence) / 2))
    assert z_quantile(confidence) == pytest.approx(expected, rel=1e-12, abs=0)


@pytest.mark.parametrize("order", [2, 5, QUADRATURE_ORDER])
def test_nodes_and_weights_are_those_of_forty_digits(order: int) -> None:
    for (node, weight), (true_node, true_weight) in zip(
        gauss_legendre(order), legendre_table.table(order), strict=True
    ):
        assert node == pytest.approx(true_node, rel=0, abs=3e-16)
        assert weight == pytest.approx(true_weight, rel=1e-13, abs=0)


def test_quadrature_integrates_a_cosine() -> None:
    area = sum(weight * cos(node) for node, weight in gauss_legendre(QUADRATURE_ORDER))
    assert area == pytest.approx(1.682941969615793, rel=1e-15)


def test_the_examples_of_the_docstrings() -> None:
    tried = 0
    for module in pkgutil.iter_modules(streams.scores.__path__, "streams.scores."):
        result = doctest.testmod(import_module(module.name))
        assert result.failed == 0, module.name
        tried += result.attempted
    assert tried
