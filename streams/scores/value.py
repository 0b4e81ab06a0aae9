"""What a score is once it is computed: a number that carries its honesty."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Method", "ScoreValue", "Status", "Thresholds", "check_confidence"]

#: How the interval was computed. `exact`: a complete count, there is nothing to estimate.
Method = Literal["adjusted_wald", "wilson", "student_t", "order_statistics", "exact"]

#: `empty`: no answers. `suppressed`: too few to show. `thin`: too few to lean on. `ok`: enough.
Status = Literal["empty", "suppressed", "thin", "ok"]


def check_confidence(confidence: float) -> None:
    """Refuse a confidence no interval can have.

    Raises:
        ValueError: It is not between 0.5 and 1, both excluded.
    """
    if not 0.5 < confidence < 1:  # noqa: PLR2004 - below one half, "confidence" is a misnomer
        raise ValueError(f"The confidence {confidence} is not between 0.5 and 1.")


@dataclass(frozen=True, slots=True)
class Thresholds:
    """When a score may be shown, when it may be leant on, and how sure its interval is.

    `n_privacy` protects the people behind few answers; `n_stat` protects the reader from noise.

    Raises:
        ValueError: A threshold is below 1, or the confidence is not between 0.5 and 1.
    """

    n_privacy: int = 1
    n_stat: int = 30
    confidence: float = 0.95

    def __post_init__(self) -> None:
        for name, least in (("n_privacy", self.n_privacy), ("n_stat", self.n_stat)):
            if least < 1:
                raise ValueError(f"{name} is {least}; a threshold is a whole number from 1.")
        check_confidence(self.confidence)

    def status(self, n: int) -> Status:
        """Return the status of a score of n answers."""
        if n == 0:
            return "empty"
        if n < self.n_privacy:
            return "suppressed"
        return "thin" if n < self.n_stat else "ok"


@dataclass(frozen=True, slots=True)
class ScoreValue:
    """One score: `value` in the score's unit, its interval, and the `n` answers behind it.

    `value` is None when the status is `empty` or `suppressed`. `lower` and `upper` are None then too,
    for a mean of one answer, which says nothing about spread, and one or both of them for a quantile
    that too few answers lie beyond.
    """

    value: float | None
    lower: float | None
    upper: float | None
    n: int
    method: Method
    status: Status
