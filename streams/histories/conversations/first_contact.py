"""First-contact resolution as far as one conversation shows it; `related` looks at the others."""

from __future__ import annotations

from collections.abc import Iterator

from streams.histories.conversations.states import ENDED
from streams.histories.conversations.timeline import Timeline
from streams.histories.fact import Fact

__all__ = ["first_contact"]


def first_contact(timeline: Timeline) -> Iterator[Fact]:
    """Yield the flags of a conversation that was solved, dated at its first solution."""
    if not timeline.solves:
        return
    first = timeline.solves[0]
    reopened = bool(timeline.reopens)
    yield timeline.fact("reopened", first, int(reopened))
    yield timeline.fact("fcr.no_further", first, int(not reopened and not _wrote_again(timeline)))
    yield timeline.fact("fcr.one_reply", first, int(not reopened and len(timeline.replies) == 1))


def _wrote_again(timeline: Timeline) -> bool:
    """Tell whether the customer had to write after the first answer, before it was solved."""
    answers = timeline.replies or timeline.bot_replies
    if not answers:
        return False
    return any(
        step.event.type == "CUSTOMER_MESSAGE" and step.before not in ENDED
        for step in timeline.steps[answers[0] + 1 :]
    )
