"""How long until somebody answered, by five definitions side by side."""

from __future__ import annotations

from collections.abc import Iterator

from streams.histories.conversations.states import BOT, ENDED
from streams.histories.conversations.timeline import Timeline
from streams.histories.fact import Fact

__all__ = ["first_reply"]


def first_reply(timeline: Timeline) -> Iterator[Fact]:
    """Yield the durations until the first reply of a person, and of a person or a bot."""
    replies = timeline.replies
    anybody = min([*replies[:1], *timeline.bot_replies[:1]], default=None)
    if anybody is not None:
        yield from timeline.stretch("first_reply.any", 0, anybody)
    if not replies:
        return
    reply = replies[0]
    yield from timeline.stretch("first_reply.created", 0, reply)
    for clock in timeline.clocks:
        with_bot = timeline.time_in_states(clock, reply).get(BOT, 0)
        value = clock.between(0, reply) - with_bot
        yield timeline.fact(f"first_reply.human.{clock.name}", reply, value)
    handoff = _first_open(timeline, "BOT_HANDOFF")
    if handoff is not None:
        after = next((at for at in replies if at > handoff), None)
        if after is not None:
            yield from timeline.stretch("first_reply.handoff", handoff, after)
    assigned = _first_open(timeline, "ASSIGNED")
    if assigned is not None and assigned < reply:
        yield from timeline.stretch("first_reply.assigned", assigned, reply)


def _first_open(timeline: Timeline, kind: str) -> int | None:
    """Return the position of the first event of a type while the conversation was open."""
    for index, step in enumerate(timeline.steps):
        if step.event.type == kind and step.before not in ENDED:
            return index
    return None
