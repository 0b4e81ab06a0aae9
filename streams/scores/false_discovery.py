"""P values of many looks: of twenty groups without any difference, one has p < 0.05 by chance."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["benjamini_hochberg", "benjamini_yekutieli"]


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
    return _adjusted(p_values, 1.0)


def benjamini_yekutieli(p_values: Sequence[float | None]) -> list[float | None]:
    """Return adjusted p values that hold however the looks depend on each other: larger ones.

    Raises:
        ValueError: A p value is not between 0 and 1.

    Source: https://search.r-project.org/CRAN/refmans/mutoss/html/BY.html (2001, Ann. Stat. 29:1165)

    >>> [round(p or 0, 4) for p in benjamini_yekutieli([0.01, 0.04, 0.03])]
    [0.055, 0.0733, 0.0733]
    """
    looks = sum(p is not None for p in p_values)
    return _adjusted(p_values, sum(1 / rank for rank in range(1, looks + 1)))


def _adjusted(p_values: Sequence[float | None], factor: float) -> list[float | None]:
    """Return min over ranks j >= i of factor * m * p(j) / j, at most 1, for the p of rank i."""
    found: list[float | None] = [None] * len(p_values)
    known = [(p, place) for place, p in enumerate(p_values) if p is not None]
    for p, _ in known:
        if not 0 <= p <= 1:
            raise ValueError(f"The p value {p} is not between 0 and 1.")
    least = 1.0
    for rank, (p, place) in sorted(enumerate(sorted(known), start=1), reverse=True):
        least = min(least, factor * len(known) * p / rank)
        found[place] = least
    return found
