"""What stands after some changes, kept as a receiver of them would: added, and taken back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import TypeVar

from streams.histories.fact import Change, Fact

E = TypeVar("E")
R = TypeVar("R")


def standing(add: Callable[[E, R], Change], arrivals: Iterable[tuple[E, R]]) -> Counter[Fact]:
    """Add events, each with the rules it comes with; return the facts that stand in the end.

    Every change must take back only what stands, and must not take back what it adds.
    """
    facts: Counter[Fact] = Counter()
    for event, rules in arrivals:
        change = add(event, rules)
        removed, added = Counter(change.removed), Counter(change.added)
        assert not removed & added, "a fact that does not change was sent"
        assert removed <= facts, "a fact was taken back that does not stand"
        facts = facts - removed + added
    return facts
