"""From a felt experience to the numbers and words people put on it."""

from __future__ import annotations

import random
from bisect import bisect
from typing import NamedTuple

__all__ = ["CES", "CSAT", "FCR_SELF", "NPS", "Scale", "comment"]

#: How much the answers of one person to two questions differ, as a standard deviation.
_QUESTION_SPREAD = 0.35


class Scale(NamedTuple):
    """A question type: where satisfaction (0 is usual, 1 a standard deviation) changes the answer.

    The steps are uneven on purpose: most people are content, and the unhappy spread thinly.
    """

    metric: str
    low: int
    high: int
    steps: tuple[float, ...]

    def answer(self, satisfaction: float, rng: random.Random) -> int:
        """Draw an answer on this scale."""
        return self.low + bisect(self.steps, rng.gauss(satisfaction, _QUESTION_SPREAD))


NPS = Scale("NPS", 0, 10, (-2.1, -1.9, -1.7, -1.5, -1.3, -1.1, -0.9, -0.6, 0.0, 0.5))
CSAT = Scale("CSAT", 1, 5, (-1.8, -1.35, -0.85, 0.05))
CES = Scale("CES", 1, 7, (-2.0, -1.7, -1.35, -1.0, -0.5, 0.2))

#: "Was it solved?": no is 0, yes is 1.
FCR_SELF = Scale("FCR_SELF", 0, 1, (0.0,))

_CONTENT = (
    "Everything worked.",
    "Quick and easy.",
    "As expected, thank you.",
    "Very helpful.",
    "Simple from start to end.",
    "Good service, would use it again.",
)
_MIXED = (
    "It was all right.",
    "Fine in the end.",
    "Could be faster.",
    "Some steps were unclear.",
    "Okay, but the page was slow.",
)
_UNHAPPY = (
    "It took too long.",
    "I had to ask twice.",
    "Nobody told me what was happening.",
    "Not what was promised.",
    "Too complicated.",
    "The problem is still there.",
)

_HAPPY_FROM, _UNHAPPY_BELOW = 0.0, -0.9


def comment(satisfaction: float, rng: random.Random) -> str:
    """Draw a neutral sentence that fits. No sentence holds anything about a person."""
    if satisfaction >= _HAPPY_FROM:
        return rng.choice(_CONTENT)
    return rng.choice(_UNHAPPY if satisfaction < _UNHAPPY_BELOW else _MIXED)
