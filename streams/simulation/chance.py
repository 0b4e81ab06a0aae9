"""Drawing with weights, fast: the sums are made once."""

from __future__ import annotations

import random
from bisect import bisect
from collections.abc import Sequence
from itertools import accumulate
from typing import Generic, TypeVar

__all__ = ["Weighted"]

T = TypeVar("T")


class Weighted(Generic[T]):
    """Things to draw from, each with its weight.

    >>> Weighted(("a", 1.0), ("b", 0.0)).draw(random.Random(1))
    'a'
    """

    __slots__ = ("_items", "_sums")

    def __init__(self, *weighted: tuple[T, float]) -> None:
        self._items: Sequence[T] = [item for item, _ in weighted]
        self._sums = list(accumulate(weight for _, weight in weighted))

    def draw(self, rng: random.Random) -> T:
        """Draw one."""
        return self._items[bisect(self._sums, rng.random() * self._sums[-1])]
