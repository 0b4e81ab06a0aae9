"""Scores from counts: pure arithmetic, no I/O, no clock. The SQL of `sinks/sql` is tested equal to it."""

from __future__ import annotations

from streams.scores.adjusted_wald import adjusted_wald
from streams.scores.score import evaluate
from streams.scores.student import student_t
from streams.scores.t_quantile import t_quantile
from streams.scores.value import Method, ScoreValue, Status, Thresholds
from streams.scores.wilson import wilson
from streams.scores.z_quantile import z_quantile

__all__ = [
    "Method",
    "ScoreValue",
    "Status",
    "Thresholds",
    "adjusted_wald",
    "evaluate",
    "student_t",
    "t_quantile",
    "wilson",
    "z_quantile",
]
