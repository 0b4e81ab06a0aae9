"""How long a customer waited for each further reply."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from streams.histories.conversations.replies import HUMAN
from streams.histories.conversations.states import ENDED
from streams.histories.conversations.timeline import Timeline
from streams.histories.fact import Fact

__all__ = ["Turn", "next_reply", "turns_of"]


class Turn(NamedTuple):
    """The customer's turn to wait, by positions: from the first unanswered word to what ended it.

    `until` is None while the customer waits. It is `answered` unless the conversation was solved
    without another word.
    """

    since: int
    until: int | None
    answered: bool


def turns_of(timeline: Timeline) -> list[Turn]:
    """Return the turns after the first reply of a person, in order."""
    turns: list[Turn] = []
    if not timeline.replies:
        return turns
    running: int | None = None
    for index in range(timeline.replies[0] + 1, len(timeline.steps)):
        step = timeline.steps[index]
        ended, ends = step.before in ENDED, step.after in ENDED
        if running is None:
            asks = step.event.type == "CUSTOMER_MESSAGE" and not ended
            if asks or (ended and not ends):
                running = index
        elif step.reply == HUMAN or (ends and not ended):
            turns.append(Turn(running, index, answered=step.reply == HUMAN))
            running = None
    if running is not None:
        turns.append(Turn(running, None, answered=False))
    return turns


def next_reply(timeline: Timeline, turns: Sequence[Turn]) -> Iterator[Fact]:
    """Yield the duration of every answered turn, dated at the reply."""
    for turn in turns:
        if turn.answered and turn.until is not None:
            yield from timeline.stretch("next_reply", turn.since, turn.until)
