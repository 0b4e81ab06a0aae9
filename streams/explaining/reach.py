"""How long before a fact is dated the record that began it may lie."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from schemas.measures import HistoryRules, Measures
from streams.histories.business_time import EARLIEST_MS, business_time

__all__ = ["reach_ms"]

_DAY_MS = 86_400_000


def reach_ms(fact: str, since_ms: int, versions: Iterable[Measures]) -> int:
    """Return how far before a window to look for records of facts that are dated in it.

    Most facts are dated at a record. A target is dated when it is due: the promised time after the
    record that started its clock.
    """
    return max(
        (ms for measures in versions for ms in _spans(fact, since_ms, measures.rules)), default=0
    )


def _spans(fact: str, since_ms: int, rules: HistoryRules) -> Iterator[int]:
    if fact == "journey.in_time":
        for journey in rules.journeys.values():
            yield from journey.expected_ms.values()
    elif fact == "sla":
        for policy in rules.policies:
            longest = max(policy.targets_ms.values(), default=0)
            calendar = rules.calendars.get(policy.calendar)
            if calendar is None:
                yield longest
                continue
            time, back = business_time(calendar), _DAY_MS
            # An earlier start would have been due before the window.
            while since_ms - back > EARLIEST_MS and (
                time.elapsed_ms(since_ms - back, since_ms) <= longest
            ):
                back *= 2
            yield back
