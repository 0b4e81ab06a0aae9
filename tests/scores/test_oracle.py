"""The fast formulas against the slow ones, over lists of single answers."""

from __future__ import annotations

from collections import Counter
from statistics import fmean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.scores import Thresholds, evaluate
from tests.scores import oracle
from tests.scores.samples import CONFIDENCES, CSAT_SCALE, MEAN, NPS, NPS_SCALE, TOP_BOX, answers

PROMOTERS, DETRACTORS = range(9, 11), range(7)
SATISFIED = range(4, 6)
confidences = st.sampled_from(CONFIDENCES)


def close(expected: tuple[float, float] | None) -> object:
    return (None, None) if expected is None else pytest.approx(expected, rel=1e-9, abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(answers(NPS_SCALE), confidences)
def test_nps(given_answers: list[int], confidence: float) -> None:
    score = evaluate(NPS, Counter(given_answers), NPS_SCALE, Thresholds(confidence=confidence))
    assert score.value == float(oracle.net(given_answers, PROMOTERS, DETRACTORS))
    expected = oracle.net_bounds(given_answers, PROMOTERS, DETRACTORS, confidence)
    assert (score.lower, score.upper) == close(expected)


@settings(max_examples=60, deadline=None)
@given(answers(CSAT_SCALE), confidences)
def test_top_box(given_answers: list[int], confidence: float) -> None:
    score = evaluate(TOP_BOX, Counter(given_answers), CSAT_SCALE, Thresholds(confidence=confidence))
    assert score.value == float(oracle.share(given_answers, SATISFIED))
    expected = oracle.share_bounds(given_answers, SATISFIED, confidence)
    assert (score.lower, score.upper) == close(expected)


@settings(max_examples=60, deadline=None)
@given(answers(CSAT_SCALE), confidences)
def test_mean(given_answers: list[int], confidence: float) -> None:
    score = evaluate(MEAN, Counter(given_answers), CSAT_SCALE, Thresholds(confidence=confidence))
    assert score.value == pytest.approx(fmean(given_answers), rel=1e-15)
    expected = oracle.mean_bounds(given_answers, CSAT_SCALE, confidence)
    assert (score.lower, score.upper) == close(expected)
