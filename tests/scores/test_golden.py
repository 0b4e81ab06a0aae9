"""Values anyone can check by hand or in a published table."""

from __future__ import annotations

import pytest

from schemas.measures import Score
from streams.scores import (
    Thresholds,
    adjusted_wald,
    evaluate,
    t_quantile,
    wilson,
    z_quantile,
)
from tests.scores.samples import MEAN, NPS, NPS_SCALE, TOP_BOX

Z = z_quantile(0.95)

NETS = [
    # promoters, detractors, n, (NPS, lower, upper)
    (162, 54, 324, (33.33, 24.95, 41.11)),
    (500, 200, 1000, (30.00, 25.08, 34.74)),
    (6, 2, 10, (40.00, -12.59, 74.12)),
    (5, 0, 5, (100.00, 17.49, 100.00)),
]
SHARES = [
    # satisfied, n, (percent, lower, upper)
    (13, 15, (86.67, 62.12, 96.26)),
    (5, 5, (100.00, 56.55, 100.00)),
    (0, 5, (0.00, 0.00, 43.45)),
    (80, 100, (80.00, 71.12, 86.66)),
]
# Table B.1 of https://www.nist.gov/physical-measurement-laboratory/nist-tn-1297-guidelines-appendix-b-table-b1
STUDENT_T = [
    (1, 0.90, 6.31), (1, 0.95, 12.71), (1, 0.99, 63.66),
    (2, 0.95, 4.30), (10, 0.90, 1.81), (10, 0.99, 3.17),
    (50, 0.95, 2.01), (100, 0.90, 1.660), (100, 0.95, 1.984), (100, 0.99, 2.626),
]  # fmt: skip


@pytest.mark.parametrize(("promoters", "detractors", "n", "expected"), NETS)
def test_nps_and_its_interval(
    promoters: int, detractors: int, n: int, expected: tuple[float, float, float]
) -> None:
    counts = {10: promoters, 7: n - promoters - detractors, 0: detractors}
    score = evaluate(NPS, counts, NPS_SCALE, Thresholds())
    assert (score.value, score.lower, score.upper) == pytest.approx(expected, abs=0.005)
    assert score.method == "adjusted_wald"


def test_adjusted_wald_is_centred_nearer_to_zero_than_the_score() -> None:
    lower, upper = adjusted_wald(6, 2, 10, Z)
    assert (lower + upper) / 2 == pytest.approx(30.77, abs=0.005)


@pytest.mark.parametrize(("satisfied", "n", "expected"), SHARES)
def test_top_box_and_its_interval(
    satisfied: int, n: int, expected: tuple[float, float, float]
) -> None:
    score = evaluate(TOP_BOX, {5: satisfied, 1: n - satisfied}, (1, 5), Thresholds())
    assert (score.value, score.lower, score.upper) == pytest.approx(expected, abs=0.005)
    assert score.method == "wilson"


def test_wilson_has_width_where_everybody_agrees() -> None:
    assert wilson(5, 5, Z) == pytest.approx((56.55, 100), abs=0.005)


@pytest.mark.parametrize(("df", "confidence", "expected"), STUDENT_T)
def test_t_quantiles_of_the_published_table(df: int, confidence: float, expected: float) -> None:
    assert t_quantile(df, confidence) == pytest.approx(expected, abs=0.005)


def test_a_mean_by_hand() -> None:
    # 2, 3, 4, 5: mean 3.5, s^2 = 5/3, t of 3 degrees of freedom is 3.182
    score = evaluate(MEAN, {2: 1, 3: 1, 4: 1, 5: 1}, (1, 7), Thresholds())
    assert (score.value, score.n, score.method) == (3.5, 4, "student_t")
    assert (score.lower, score.upper) == pytest.approx((1.4457, 5.5543), abs=1e-4)


def test_a_mean_is_clamped_to_its_scale() -> None:
    score = evaluate(MEAN, {1: 1, 5: 2}, (1, 5), Thresholds())
    assert (score.lower, score.upper) == (1.0, 5.0)


def test_ces_net_index_uses_its_own_boxes() -> None:
    ces = Score("net", "net", "points", "", top=(6, 7), bottom=(1, 3))
    score = evaluate(ces, {7: 3, 6: 2, 5: 4, 3: 1}, (1, 7), Thresholds())
    assert score.value == 40.0
