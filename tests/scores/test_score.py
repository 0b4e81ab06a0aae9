"""Statuses, thresholds, and counts that are refused."""

from __future__ import annotations

from typing import cast

import numpy as np
import pytest

from schemas.definitions import load_measures
from schemas.measures import Score
from streams.scores import (
    ScoreValue,
    Status,
    Thresholds,
    evaluate,
    student_t,
    t_quantile,
    z_quantile,
)
from streams.scores.histogram import Moments
from tests.scores.samples import COUNT, CSAT_SCALE, MEAN, MEDIAN, NPS, NPS_SCALE, REOPENED, TOP_BOX

STRICT = Thresholds(n_privacy=5, n_stat=30)


@pytest.mark.parametrize(
    ("score", "scale"),
    [
        (NPS, NPS_SCALE),
        (TOP_BOX, CSAT_SCALE),
        (MEAN, CSAT_SCALE),
        (MEDIAN, CSAT_SCALE),
        (COUNT, None),
    ],
)
def test_no_answers_are_no_number(score: Score, scale: tuple[int, int] | None) -> None:
    for counts in ({}, {3: 0} if scale else {0: 0}):
        result = evaluate(score, counts, scale, Thresholds())
        assert (result.value, result.lower, result.upper) == (None, None, None)
        assert (result.n, result.status) == (0, "empty")


@pytest.mark.parametrize(
    ("n", "status"),
    [(1, "suppressed"), (4, "suppressed"), (5, "thin"), (29, "thin"), (30, "ok"), (10**9, "ok")],
)
def test_status_follows_the_thresholds(n: int, status: Status) -> None:
    result = evaluate(TOP_BOX, {4: n}, CSAT_SCALE, STRICT)
    assert (result.n, result.status) == (n, status)
    assert (result.value is None) == (result.lower is None) == (status == "suppressed")


def test_privacy_wins_over_statistics() -> None:
    assert Thresholds(n_privacy=50, n_stat=10).status(20) == "suppressed"


def test_a_mean_of_one_answer_has_no_interval() -> None:
    assert evaluate(MEAN, {4: 1}, CSAT_SCALE, Thresholds()) == ScoreValue(
        4.0, None, None, 1, "student_t", "thin"
    )


def test_a_count_is_complete() -> None:
    assert evaluate(COUNT, {0: 17}, None, Thresholds()) == ScoreValue(
        17.0, 17.0, 17.0, 17, "exact", "ok"
    )


def test_more_confidence_is_a_wider_interval() -> None:
    widths = []
    for confidence in (0.6, 0.9, 0.95, 0.999):
        result = evaluate(NPS, {10: 40, 3: 20}, NPS_SCALE, Thresholds(confidence=confidence))
        assert result.lower is not None
        assert result.upper is not None
        widths.append(result.upper - result.lower)
    assert widths == sorted(set(widths))


def test_totals_of_numpy_do_not_overflow() -> None:
    huge = cast(dict[int, int], {1: np.int64(2**62), 5: np.int64(2**62)})
    result = evaluate(MEAN, huge, CSAT_SCALE, Thresholds())
    assert (result.n, result.value) == (2**63, 3.0)
    assert result.lower == pytest.approx(3.0)


def test_a_negative_total_is_refused() -> None:
    with pytest.raises(ValueError, match=r"Bucket 9 of the score nps holds -1 answers.*correction"):
        evaluate(NPS, {9: -1, 3: 2}, NPS_SCALE, Thresholds())


def test_an_answer_of_another_scale_is_refused() -> None:
    with pytest.raises(ValueError, match=r"Bucket 7 of the score top_box is outside .* 1 to 5"):
        evaluate(TOP_BOX, {5: 1, 7: 1}, CSAT_SCALE, Thresholds())


def test_a_fraction_of_an_answer_is_refused() -> None:
    with pytest.raises(TypeError):
        evaluate(TOP_BOX, {5: 0.5}, CSAT_SCALE, Thresholds())  # type: ignore[dict-item]  # what is refused


@pytest.mark.parametrize(
    "broken", [Score("s", "net", "", "", top=(1, 2)), Score("s", "share", "", "")]
)
def test_a_missing_box_is_refused(broken: Score) -> None:
    with pytest.raises(ValueError, match=r"needs a (top|bottom) box"):
        evaluate(broken, {1: 1}, (1, 5), Thresholds())


@pytest.mark.parametrize("score", [MEAN, MEDIAN])
def test_a_score_of_values_without_a_scale_is_refused(score: Score) -> None:
    with pytest.raises(ValueError, match=f"{score.kind} and needs a scale"):
        evaluate(score, {1: 1}, None, Thresholds())


def test_a_quantile_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="needs a q"):
        evaluate(Score("s", "quantile", "", ""), {1: 1}, (1, 5), Thresholds())
    for q in (0.0, 1.0, -0.5, 1e-9):
        with pytest.raises(ValueError, match="is not between 0 and 1"):
            evaluate(Score("s", "quantile", "", "", q=q), {1: 1}, (1, 5), Thresholds())


def test_a_share_of_a_base_knows_nothing_of_the_rest() -> None:
    alone = evaluate(REOPENED, {1: 30, 3: 20}, (0, 4), STRICT)
    among = evaluate(REOPENED, {0: 900, 1: 30, 3: 20, 4: 7}, (0, 4), STRICT)
    assert alone == among
    assert (among.n, among.value, among.status) == (50, 40.0, "ok")
    assert evaluate(REOPENED, {0: 900, 3: 4}, (0, 4), STRICT).status == "suppressed"
    assert evaluate(REOPENED, {0: 900}, (0, 4), STRICT).status == "empty"


@pytest.mark.parametrize("confidence", [0.5, 1.0, 0.0, -1.0, 95.0, float("nan")])
def test_a_confidence_out_of_range_is_refused(confidence: float) -> None:
    for use in (lambda c: Thresholds(confidence=c), z_quantile, lambda c: t_quantile(3, c)):
        with pytest.raises(ValueError, match="is not between"):
            use(confidence)


@pytest.mark.parametrize(("n_privacy", "n_stat"), [(0, 30), (1, 0)])
def test_a_threshold_below_one_is_refused(n_privacy: int, n_stat: int) -> None:
    with pytest.raises(ValueError, match="is 0; a threshold is a whole number from 1"):
        Thresholds(n_privacy=n_privacy, n_stat=n_stat)


def test_one_answer_has_no_t_interval() -> None:
    assert student_t(Moments(1, 4.0, None), 0.95, 1, 5) is None
    with pytest.raises(ValueError, match="needs at least 1"):
        t_quantile(0, 0.95)


def test_every_score_shipped_can_be_evaluated() -> None:
    for measure in load_measures().measures:
        for score in measure.scores:
            low, high = measure.scale or (0, 0)
            counts = {500: 40} if measure.is_duration else dict.fromkeys(range(low, high + 1), 40)
            result = evaluate(
                score, counts, measure.scale, Thresholds(), duration=measure.is_duration
            )
            assert result.status == "ok", (measure.name, score.name)
            assert result.value is not None
