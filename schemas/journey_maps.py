"""Journey maps: the stages a customer goes through, and the ways between them that are planned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["JourneyMap"]


@dataclass(frozen=True, slots=True)
class JourneyMap:
    """One journey. Times are milliseconds.

    A path begins in a stage of `starts` and follows `transitions`; whatever else happens is off the
    map. A customer should leave a stage of `expected_ms` within that time. A path ends after a
    silence of `ends_after_ms`.
    """

    name: str
    stages: tuple[str, ...]
    starts: frozenset[str]
    transitions: frozenset[tuple[str, str]]
    ends_after_ms: int
    expected_ms: Mapping[str, int] = field(default_factory=dict)
