"""One conversation: what became of it, and the facts that need no other conversation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from schemas.measures import HistoryRules
from streams.histories.conversations.dimensions import Dimensions
from streams.histories.conversations.effort import own_effort
from streams.histories.conversations.first_contact import first_contact
from streams.histories.conversations.first_reply import first_reply
from streams.histories.conversations.handling import handling
from streams.histories.conversations.issues import Identity
from streams.histories.conversations.next_reply import next_reply, turns_of
from streams.histories.conversations.promises import promises
from streams.histories.conversations.resolution import resolution
from streams.histories.conversations.states import State
from streams.histories.conversations.targets import targets
from streams.histories.conversations.timeline import Timeline
from streams.histories.fact import Fact

__all__ = ["Conversation", "Solve"]


class Solve(NamedTuple):
    """When a conversation was solved, and what was known about it then."""

    time_ms: int
    dimensions: Dimensions


@dataclass(frozen=True, slots=True)
class Conversation:
    """All events of one conversation, judged. Times are epoch ms; it depends on no arrival order.

    `issue_id` and `contact_reason` are the last known; `dimensions` are as of the last event.
    `customer_messages`, `replies` (of persons), `transfers` and `reopens` count over the whole
    conversation, unlike the facts of a solution, which end with it.
    `first_solve` stays when the conversation is reopened, `last_solve` is there only while it has
    ended, and `effort` with it: the points of the signs within the conversation, not limited yet.
    """

    source: str
    conversation_id: str
    issue_id: str
    contact_reason: str
    start_ms: int
    end_ms: int
    state: State
    first_solve: Solve | None
    last_solve: Solve | None
    first_reopen_ms: int | None
    effort: int
    events: int
    customer_messages: int
    replies: int
    transfers: int
    reopens: int
    dimensions: Dimensions
    facts: tuple[Fact, ...]

    @classmethod
    def read(cls, timeline: Timeline, rules: HistoryRules) -> Conversation:
        """Judge a conversation that was read under the same rules, at least one event of it."""
        steps = timeline.steps
        last = timeline.last_solve
        first_event, last_step = steps[0].event, steps[-1]
        types = [step.event.type for step in steps]
        reopens = timeline.reopens
        return cls(
            source=first_event.source,
            conversation_id=first_event.conversation_id,
            issue_id=timeline.issue_id,
            contact_reason=timeline.contact_reason,
            start_ms=first_event.event_time,
            end_ms=last_step.event.event_time,
            state=last_step.after,
            first_solve=_solve(timeline, timeline.solves[0]) if timeline.solves else None,
            last_solve=None if last is None else _solve(timeline, last),
            first_reopen_ms=timeline.time_ms(reopens[0]) if reopens else None,
            effort=0 if last is None else own_effort(timeline, last, rules.effort),
            events=len(steps),
            customer_messages=types.count("CUSTOMER_MESSAGE"),
            replies=len(timeline.replies),
            transfers=types.count("TRANSFERRED"),
            reopens=len(reopens),
            dimensions=last_step.dimensions,
            facts=tuple(_facts(timeline, rules)),
        )

    @property
    def identity(self) -> Identity:
        """Source and conversation id."""
        return self.source, self.conversation_id

    @property
    def first_solve_ms(self) -> int | None:
        """When it was solved first, None before that."""
        return self.first_solve.time_ms if self.first_solve else None

    @property
    def last_solve_ms(self) -> int | None:
        """When it was solved last, None while it is open."""
        return self.last_solve.time_ms if self.last_solve else None


def _facts(timeline: Timeline, rules: HistoryRules) -> Iterator[Fact]:
    # What a further event seldom changes comes first: a change is found from both ends.
    turns = turns_of(timeline)
    yield from first_reply(timeline)
    yield from handling(timeline)
    yield from promises(timeline)
    yield from next_reply(timeline, turns)
    yield from targets(timeline, turns, rules)
    yield from first_contact(timeline)
    yield from resolution(timeline)


def _solve(timeline: Timeline, at: int) -> Solve:
    return Solve(timeline.time_ms(at), timeline.steps[at].dimensions)
