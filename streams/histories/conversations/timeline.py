"""A conversation read once, from its first event to its last."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from schemas.measures import HistoryRules
from streams.histories.conversations.clocks import Clock, Clocks
from streams.histories.conversations.dimensions import Dimensions, LatestDimensions
from streams.histories.conversations.order import Place, place
from streams.histories.conversations.replies import BOT, HUMAN, NONE, Reply, reply_of
from streams.histories.conversations.states import ENDED, TAKES_OVER, WAITING, State, next_state
from streams.histories.events import InteractionEvent
from streams.histories.fact import Fact

__all__ = ["Step", "Timeline"]


class Step(NamedTuple):
    """An event, the states before and after it, whose reply it is, if one, and what is known then."""

    event: InteractionEvent
    before: State
    after: State
    reply: Reply
    dimensions: Dimensions


class Timeline:
    """The events of a conversation in order, and the positions of those that matter.

    `replies` are those of persons. A solve counts if it ends an open conversation, a reopening if
    the conversation had ended. `issue_id` and `contact_reason` are the last ones told.
    """

    __slots__ = (
        "_clocks",
        "_latest",
        "_taken_over",
        "bot_replies",
        "contact_reason",
        "end",
        "issue_id",
        "reopens",
        "replies",
        "solves",
        "steps",
    )

    def __init__(self, rules: HistoryRules) -> None:
        self._clocks = Clocks(rules)
        self._latest = LatestDimensions()
        self._taken_over = False
        self.steps: list[Step] = []
        self.replies: list[int] = []
        self.bot_replies: list[int] = []
        self.solves: list[int] = []
        self.reopens: list[int] = []
        self.issue_id = ""
        self.contact_reason = ""
        #: The place of the last event: only a later one can be appended.
        self.end: Place | None = None

    @classmethod
    def of(cls, events: Iterable[InteractionEvent], rules: HistoryRules) -> Timeline:
        """Read the events of one conversation, in any order."""
        timeline = cls(rules)
        for event in sorted(events, key=place):
            timeline.append(event)
        return timeline

    def append(self, event: InteractionEvent) -> None:
        """Read the next event. It must come after all others in the order of events."""
        index = len(self.steps)
        before: State = self.steps[-1].after if index else WAITING
        ended = before in ENDED
        reply = NONE if ended else reply_of(event)
        if reply == HUMAN:
            self.replies.append(index)
            self._taken_over = True
        elif reply == BOT:
            self.bot_replies.append(index)
        elif event.type in TAKES_OVER:
            self._taken_over = True
        # A bot that speaks up again does not take the customer back.
        stays = reply == BOT and self._taken_over
        after = before if stays else next_state(before, reply or event.type)
        if (after in ENDED) is not ended:
            (self.reopens if ended else self.solves).append(index)
        self.steps.append(Step(event, before, after, reply, self._latest.learn(event)))
        self._clocks.read(event)
        self.end = place(event)
        self.issue_id = event.issue_id or self.issue_id
        self.contact_reason = event.contact_reason or self.contact_reason

    @property
    def clocks(self) -> tuple[Clock, ...]:
        """Plain time, and business time if there is a calendar."""
        return self._clocks.all

    @property
    def last_solve(self) -> int | None:
        """The position of the solve that stands, None while the conversation is open."""
        return self.solves[-1] if self.steps[-1].after in ENDED else None

    def time_ms(self, at: int) -> int:
        """Return the time of the event at a position."""
        return self.steps[at].event.event_time

    def fact(self, name: str, at: int, value: int) -> Fact:
        """Return a fact with the time and the dimensions of the event at a position."""
        step = self.steps[at]
        return Fact(name, step.event.event_time, value, step.dimensions)

    def stretch(self, name: str, since: int, until: int) -> Iterator[Fact]:
        """Yield the duration from one event to another on each clock, dated at the latter."""
        for clock in self.clocks:
            yield self.fact(f"{name}.{clock.name}", until, clock.between(since, until))

    def time_in_states(self, clock: Clock, until: int) -> dict[State, int]:
        """Return the ms spent in each state before the event at a position."""
        spent: dict[State, int] = {}
        readings, steps = clock.readings, self.steps
        for index in range(1, until + 1):
            state = steps[index].before
            spent[state] = spent.get(state, 0) + readings[index] - readings[index - 1]
        return spent
