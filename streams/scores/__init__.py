"""Scores from counts: pure arithmetic, no I/O, no clock. The SQL of `sinks/sql` is tested equal to it."""

from __future__ import annotations

from streams.scores.adjusted_wald import adjusted_wald
from streams.scores.correlation import Correlation, correlation
from streams.scores.difference import Difference, DifferenceMethod, difference
from streams.scores.false_discovery import benjamini_hochberg
from streams.scores.p_value import p_of_t, p_of_z
from streams.scores.relative_risk import RelativeRisk, relative_risk
from streams.scores.score import evaluate
from streams.scores.student import student_t
from streams.scores.t_quantile import t_quantile
from streams.scores.value import Method, ScoreValue, Status, Thresholds
from streams.scores.wilson import wilson
from streams.scores.z_quantile import z_quantile

__all__ = [
    "Correlation",
    "Difference",
    "DifferenceMethod",
    "Method",
    "RelativeRisk",
    "ScoreValue",
    "Status",
    "Thresholds",
    "adjusted_wald",
    "benjamini_hochberg",
    "correlation",
    "difference",
    "evaluate",
    "p_of_t",
    "p_of_z",
    "relative_risk",
    "student_t",
    "t_quantile",
    "wilson",
    "z_quantile",
]
