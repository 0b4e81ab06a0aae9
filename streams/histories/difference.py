"""What is different between the facts before and after."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from streams.histories.fact import Change, Fact

__all__ = ["difference"]


def difference(before: Sequence[Fact], after: Sequence[Fact]) -> Change:
    """Return the facts to take back and to add. Facts that stay are in neither list.

    A fact that stands several times is compared as often as it stands.
    """
    if before == after:
        return Change([], [])
    had, has = Counter(before), Counter(after)
    return Change(list((had - has).elements()), list((has - had).elements()))
