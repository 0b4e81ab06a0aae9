"""How long until a conversation was solved, and where the time went."""

from __future__ import annotations

from collections.abc import Iterator

from streams.histories.conversations.states import AGENT, BOT, ON_HOLD, PENDING, WAITING
from streams.histories.conversations.timeline import Timeline
from streams.histories.fact import Fact

__all__ = ["resolution"]

#: Counts above this are counted as this.
_MOST = 100

#: Whose wait the time in a state is.
_WAITS = {
    "requester_wait": (WAITING, AGENT, ON_HOLD),
    "agent_wait": (PENDING,),
    "hold_time": (ON_HOLD,),
    "bot_time": (BOT,),
}


def resolution(timeline: Timeline) -> Iterator[Fact]:
    """Yield the first resolution, and of a conversation that has ended the full one.

    The waits exclude the time in which the conversation was solved, the full resolution does not.
    """
    if timeline.solves:
        yield from timeline.stretch("first_resolution", 0, timeline.solves[0])
    last = timeline.last_solve
    if last is None:
        return
    yield from timeline.stretch("full_resolution", 0, last)
    for clock in timeline.clocks:
        spent = timeline.time_in_states(clock, last)
        for name, states in _WAITS.items():
            value = sum(spent.get(state, 0) for state in states)
            yield timeline.fact(f"{name}.{clock.name}", last, value)
    transfers = sum(step.event.type == "TRANSFERRED" for step in timeline.steps[:last])
    yield timeline.fact("transfers", last, min(_MOST, transfers))
    # After the last solve nobody replies: what is said in an ended conversation is no reply.
    yield timeline.fact("replies", last, min(_MOST, len(timeline.replies)))
