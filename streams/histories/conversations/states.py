"""The states of a conversation: who waits for whom, and what moves it from one to the next."""

from __future__ import annotations

from typing import Literal

from streams.histories.conversations.replies import BOT as BOT_REPLY
from streams.histories.conversations.replies import HUMAN as HUMAN_REPLY

__all__ = [
    "AGENT",
    "BOT",
    "CLOSED",
    "ENDED",
    "ON_HOLD",
    "PENDING",
    "SOLVED",
    "TAKES_OVER",
    "WAITING",
    "State",
    "next_state",
]

State = Literal["waiting", "agent", "bot", "pending", "on_hold", "solved", "closed"]

#: The customer waits for a person. Every conversation begins like this.
WAITING: State = "waiting"
#: A person answered and has the turn to finish.
AGENT: State = "agent"
#: A bot answered, and no person has been asked yet.
BOT: State = "bot"
#: The company waits for the customer.
PENDING: State = "pending"
#: The company waits for somebody else.
ON_HOLD: State = "on_hold"
SOLVED: State = "solved"
CLOSED: State = "closed"

ENDED: frozenset[State] = frozenset({SOLVED, CLOSED})
_OPEN: tuple[State, ...] = (WAITING, AGENT, BOT, PENDING, ON_HOLD)

#: After one of these, or after the reply of a person, a conversation is no bot's any more.
TAKES_OVER = frozenset({"BOT_HANDOFF", "ASSIGNED", "TRANSFERRED"})


def _any_open(after: State) -> dict[State, State]:
    return dict.fromkeys(_OPEN, after)


#: By what happened: the state after, by the state before. What is not named changes nothing, so a
#: customer who says thanks in a solved conversation starts no clock.
_TRANSITIONS: dict[str, dict[State, State]] = {
    HUMAN_REPLY: {WAITING: AGENT, BOT: AGENT},
    BOT_REPLY: {WAITING: BOT},
    "CUSTOMER_MESSAGE": {AGENT: WAITING, PENDING: WAITING},
    "BOT_HANDOFF": _any_open(WAITING),
    "ASSIGNED": {BOT: WAITING},
    "TRANSFERRED": {BOT: WAITING},
    "PENDING": _any_open(PENDING),
    "ON_HOLD": _any_open(ON_HOLD),
    "SOLVED": _any_open(SOLVED),
    "CLOSED": {**_any_open(CLOSED), SOLVED: CLOSED},
    "REOPENED": {SOLVED: WAITING, CLOSED: WAITING},
}

_NOTHING: dict[State, State] = {}


def next_state(before: State, happened: str) -> State:
    """Return the state after something happened.

    Args:
        before: The state before.
        happened: The reply of whom it was ("human", "bot"), else the type of the event.
    """
    return _TRANSITIONS.get(happened, _NOTHING).get(before, before)
