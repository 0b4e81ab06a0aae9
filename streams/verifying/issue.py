"""Which conversations of a customer are about one issue."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from streams.verifying.timeline import Timeline

__all__ = ["same_issue"]


def same_issue(one: Timeline, others: Sequence[Timeline]) -> Iterator[Timeline]:
    """Yield the others with the issue of one; without any issue, those with the contact reason."""
    for other in others:
        if one.issue or other.issue:
            if one.issue == other.issue:
                yield other
        elif one.reason == other.reason:
            yield other
