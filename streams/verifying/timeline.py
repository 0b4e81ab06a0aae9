"""One conversation, walked event by event: whose turn it was, who replied, when it was solved."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from streams.verifying.fact import Dimensions
from streams.verifying.row import Row

__all__ = ["Clock", "State", "Step", "Timeline", "carried", "last_of", "timeline_of"]

State = Literal["waiting", "agent", "bot", "pending", "on_hold", "solved", "closed"]

#: Ms between two moments.
Clock = Callable[[int, int], int]

_RANKS = (
    "CREATED", "CUSTOMER_MESSAGE", "BOT_MESSAGE", "BOT_HANDOFF", "ASSIGNED", "TRANSFERRED",
    "SLA_APPLIED", "AGENT_MESSAGE", "NOTE", "CALL_ENDED", "PENDING", "ON_HOLD", "REOPENED", "SOLVED",
    "CLOSED",
)  # fmt: skip

_PLAIN_FIELDS = ("touchpoint", "journey", "journey_stage", "product", "region")
_STAFF_FIELDS = ("team_id", "agent_id")


@dataclass(frozen=True, slots=True)
class Step:
    """One event: the states around it, what it was, and the dimensions as of it."""

    at: int
    row: Row
    before: State
    after: State
    human_reply: bool
    bot_reply: bool
    solve: bool
    reopen: bool
    dimensions: Dimensions

    @property
    def type(self) -> str:
        """What happened."""
        return str(self.row["type"])

    @property
    def time_ms(self) -> int:
        """When it happened."""
        return int(self.row["event_time"])

    @property
    def was_open(self) -> bool:
        """Whether the conversation was open before it."""
        return self.before not in ("solved", "closed")


@dataclass(frozen=True, slots=True)
class Timeline:
    """The events of one conversation in order. `steps[i].at` is i.

    `issue` and `reason` are what it is about, by the last event that says so.
    """

    steps: Sequence[Step]
    issue: str
    reason: str

    @property
    def start_ms(self) -> int:
        """When it began."""
        return self.steps[0].time_ms

    @property
    def is_solved(self) -> bool:
        """Whether it is solved or closed as things stand."""
        return self.steps[-1].after in ("solved", "closed")

    def first(self, wanted: Callable[[Step], bool], after: int = -1) -> Step | None:
        """Return the first wanted step behind a place in the order."""
        return next((step for step in self.steps[after + 1 :] if wanted(step)), None)

    def time_in(self, states: Iterable[State], before: int, clock: Clock) -> int:
        """Return the time in some states before a place in the order, in ms of a clock."""
        wanted = set(states)
        return sum(
            clock(self.steps[i - 1].time_ms, self.steps[i].time_ms)
            for i in range(1, before + 1)
            if self.steps[i].before in wanted
        )


def carried(row: Row) -> dict[str, str]:
    """Return the dimensions one event carries itself, non-empty ones only."""
    found = {name: str(row[name]) for name in _PLAIN_FIELDS if row[name]}
    if row["channel"] not in ("", "UNKNOWN"):
        found["channel"] = str(row["channel"])
    if row["actor"] not in ("CUSTOMER", "BOT", "SYSTEM") or row["type"] in (
        "ASSIGNED",
        "TRANSFERRED",
    ):
        found |= {name: str(row[name]) for name in _STAFF_FIELDS if row[name]}
    found |= {f"attributes.{name}": value for name, value in row["attributes"].items() if value}
    return found


def timeline_of(rows: Iterable[Row]) -> Timeline:
    """Return the timeline of all events of one conversation, in whatever order they come."""
    steps: list[Step] = []
    state: State = "waiting"
    dimensions: dict[str, str] = {}
    person_came = False
    for at, row in enumerate(sorted(rows, key=_order)):
        dimensions = {**dimensions, **carried(row)}
        is_open = state not in ("solved", "closed")
        human = is_open and _is_human_reply(row)
        bot = is_open and _is_bot_reply(row)
        solve = is_open and row["type"] in ("SOLVED", "CLOSED")
        reopen = not is_open and row["type"] == "REOPENED"
        after = _after(state, str(row["type"]), human=human, bot=bot and not person_came)
        steps.append(Step(at, row, state, after, human, bot, solve, reopen, dimensions))
        state = after
        if human or row["type"] in ("BOT_HANDOFF", "ASSIGNED", "TRANSFERRED"):
            person_came = True
    return Timeline(steps, last_of(steps, "issue_id"), last_of(steps, "contact_reason"))


def last_of(steps: Iterable[Step], field: str) -> str:
    """Return the last non-empty value of a field of some events."""
    values = [str(step.row[field]) for step in steps if step.row[field]]
    return values[-1] if values else ""


def _order(row: Row) -> tuple[int, int, str]:
    rank = _RANKS.index(row["type"]) if row["type"] in _RANKS else len(_RANKS)
    return row["event_time"], rank, row["event_id"]


def _is_human_reply(row: Row) -> bool:
    if row["type"] == "CALL_ENDED":
        return (row["talk_ms"] or 0) > 0
    return (
        row["type"] == "AGENT_MESSAGE"
        and bool(row["public"])
        and row["actor"] not in ("BOT", "SYSTEM")
    )


def _is_bot_reply(row: Row) -> bool:
    return bool(row["public"]) and (
        row["type"] == "BOT_MESSAGE" or (row["type"] == "AGENT_MESSAGE" and row["actor"] == "BOT")
    )


def _after(state: State, kind: str, *, human: bool, bot: bool) -> State:
    if state == "solved" and kind == "CLOSED":
        return "closed"
    if state in ("solved", "closed"):
        return "waiting" if kind == "REOPENED" else state
    if kind == "SOLVED":
        return "solved"
    if kind == "CLOSED":
        return "closed"
    if kind == "PENDING":
        return "pending"
    if kind == "ON_HOLD":
        return "on_hold"
    if kind == "BOT_HANDOFF":
        return "waiting"
    if kind == "CUSTOMER_MESSAGE" and state in ("agent", "pending"):
        return "waiting"
    if kind in ("ASSIGNED", "TRANSFERRED") and state == "bot":
        return "waiting"
    if human and state in ("waiting", "bot"):
        return "agent"
    if bot and state == "waiting":
        return "bot"
    return state
