"""P values of many looks: of twenty groups without any difference, one has p < 0.05 by chance."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["benjamini_hochberg"]


def benjamini_hochberg(p_values: Sequence[float | None]) -> list[float | None]:
    """Return adjusted p values: keeping those below 0.05, at most 5 % of what is kept is chance.

    It holds for looks that are independent or depend on each other positively, as groups of disjoint
    answers do.

    Args:
        p_values: One of every look; None where there was no test, which is no look.

    Raises:
        ValueError: A p value is not between 0 and 1.

    Source: https://search.r-project.org/CRAN/refmans/mutoss/html/BH.html (Benjamini, Hochberg 1995)

    >>> benjamini_hochberg([0.01, None, 0.04, 0.03])
    [0.03, None, 0.04, 0.04]
    """
    # The p of rank i becomes the least of m * p(j) / j over the ranks j >= i, at most 1.
    found: list[float | None] = [None] * len(p_values)
    known = [(p, place) for place, p in enumerate(p_values) if p is not None]
    for p, _ in known:
        if not 0 <= p <= 1:
            raise ValueError(f"The p value {p} is not between 0 and 1.")
    least = 1.0
    for rank, (p, place) in sorted(enumerate(sorted(known), start=1), reverse=True):
        least = min(least, len(known) * p / rank)
        found[place] = least
    return found
