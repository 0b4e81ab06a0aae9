"""Contact rules: how often one customer may be asked."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ContactRule"]


@dataclass(frozen=True, slots=True)
class ContactRule:
    """At most `most` invitations within `per_ms`, and none less than `min_gap_ms` after another.

    Counts the invitations of `survey_kinds` on `channels`, from whatever source; empty means all.
    """

    name: str
    most: int | None = None
    per_ms: int | None = None
    min_gap_ms: int | None = None
    survey_kinds: frozenset[str] = frozenset()
    channels: frozenset[str] = frozenset()
