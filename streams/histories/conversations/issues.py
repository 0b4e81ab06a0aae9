"""Conversations of one customer about the same issue, and which of them look at each other."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from typing import NamedTuple, TypeAlias

from schemas.facts import HORIZONS_MS

__all__ = ["WINDOW_MS", "Identity", "IssueKey", "SameIssue", "issue_key"]

#: A contact this long after another one can still be a repetition of it.
WINDOW_MS = 14 * 86_400_000

#: A contact this long after a solution can still show that it was none.
_LONGEST_HORIZON_MS = max(HORIZONS_MS.values())

#: Source and conversation id.
Identity: TypeAlias = tuple[str, str]

#: What two conversations about the same issue have in common.
IssueKey: TypeAlias = tuple[str, str]


def issue_key(issue_id: str, contact_reason: str) -> IssueKey:
    """Return what tells an issue from others: its id, or without one the reason of the contact."""
    return ("issue", issue_id) if issue_id else ("reason", contact_reason)


class _Moment(NamedTuple):
    time_ms: int
    identity: Identity


class SameIssue:
    """When the conversations about one issue of one customer began and were first solved."""

    def __init__(self) -> None:
        self._starts: list[_Moment] = []
        self._solves: list[_Moment] = []

    def __bool__(self) -> bool:
        """Tell whether any conversation is about it."""
        return bool(self._starts)

    def join(self, identity: Identity, start_ms: int, first_solve_ms: int | None) -> None:
        """Take a conversation in."""
        insort(self._starts, _Moment(start_ms, identity))
        if first_solve_ms is not None:
            insort(self._solves, _Moment(first_solve_ms, identity))

    def leave(self, identity: Identity, start_ms: int, first_solve_ms: int | None) -> None:
        """Forget a conversation, told as when it joined."""
        _remove(self._starts, _Moment(start_ms, identity))
        if first_solve_ms is not None:
            _remove(self._solves, _Moment(first_solve_ms, identity))

    def begun(self, since_ms: int, before_ms: int) -> int:
        """Return how many conversations began in [since_ms, before_ms)."""
        return _at_or_after(self._starts, before_ms) - _at_or_after(self._starts, since_ms)

    def looking_at(self, start_ms: int) -> set[Identity]:
        """Return the conversations to which it matters that one began at this time.

        Those that began soon after it were a repetition of it, those solved shortly before it
        were not solved for good.
        """
        later = self._starts[
            _at_or_after(self._starts, start_ms + 1) : _at_or_after(
                self._starts, start_ms + WINDOW_MS + 1
            )
        ]
        solved = self._solves[
            _at_or_after(self._solves, start_ms - _LONGEST_HORIZON_MS) : _at_or_after(
                self._solves, start_ms
            )
        ]
        return {moment.identity for moment in (*later, *solved)}


def _at_or_after(moments: list[_Moment], time_ms: int) -> int:
    return bisect_left(moments, time_ms, key=_time_of)


def _time_of(moment: _Moment) -> int:
    return moment.time_ms


def _remove(moments: list[_Moment], moment: _Moment) -> None:
    del moments[bisect_right(moments, moment) - 1]
