"""Conversations told as timelines that can be read and checked by hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import count, groupby, pairwise
from typing import Any

from schemas.measures import HistoryRules
from streams.histories.conversations import Conversation, Identity, Timeline
from streams.histories.events import InteractionEvent
from streams.histories.fact import Change, Fact
from streams.histories.interactions import ConversationHistory

__all__ = [
    "NO_RULES",
    "Told",
    "at",
    "days",
    "facts_of",
    "hours",
    "judged",
    "minutes",
    "ms",
    "segments_of",
    "tell",
]

NO_RULES = HistoryRules()

#: Monday. Times without a date are on this day, in UTC.
MONDAY = "2026-03-02"

_ACTORS = {
    "CREATED": "CUSTOMER",
    "CUSTOMER_MESSAGE": "CUSTOMER",
    "REOPENED": "CUSTOMER",
    "BOT_MESSAGE": "BOT",
    "BOT_HANDOFF": "BOT",
    "SLA_APPLIED": "SYSTEM",
}

_EVERY_ID = count(1)

_SILENT = InteractionEvent(
    source="desk", event_id="", conversation_id="k1", issue_id="", type="", actor="", agent_id="",
    team_id="", public=True, channel="UNKNOWN", contact_reason="", priority="", touchpoint="",
    journey="", journey_stage="", on_map="UNKNOWN", sla_policy_id="", sla_metric="", due_at=None,
    calendar_id="", talk_ms=None, hold_ms=None, after_work_ms=None, event_time=0, product="",
    region="", attributes=(),
)  # fmt: skip


def minutes(number: float) -> int:
    """Return minutes in ms."""
    return round(number * 60_000)


def hours(number: float) -> int:
    """Return hours in ms."""
    return minutes(60 * number)


def days(number: float) -> int:
    """Return days in ms."""
    return hours(24 * number)


def ms(when: str) -> int:
    """Return "09:00", "09:00:30" (of Monday) or "2026-03-09 09:00", all UTC, as epoch ms."""
    day, _, clock = when.rpartition(" ")
    moment = datetime.fromisoformat(f"{day or MONDAY}T{clock}").replace(tzinfo=UTC)
    return int(moment.timestamp()) * 1000


def at(when: str, kind: str, *, due: str = "", **fields: Any) -> InteractionEvent:
    """Return an event of conversation k1, done by whom one expects."""
    told: dict[str, Any] = {
        "event_id": f"e{next(_EVERY_ID):08}",
        "event_time": ms(when),
        "type": kind,
        "actor": _ACTORS.get(kind, "HUMAN"),
    }
    if due:
        told["due_at"] = ms(due)
    return _SILENT._replace(**(told | fields))


class Told:
    """A customer's history, and the books of whoever follows its changes."""

    def __init__(self) -> None:
        self.history = ConversationHistory()
        self.events: list[InteractionEvent] = []
        self.books: Counter[Fact] = Counter()

    def add(self, event: InteractionEvent, rules: HistoryRules = NO_RULES) -> list[Identity]:
        """Add an event; whoever follows the changes must have the same facts as the history."""
        self.events.append(event)
        change, concerned = self.history.add(event, rules)
        self.follow(change)
        assert self.books == Counter(self.history.facts())
        return list(concerned)

    def follow(self, change: Change) -> None:
        """Take back and add what a change says: never what is not there, never without need."""
        assert not Counter(change.removed) & Counter(change.added)
        assert Counter(change.removed) <= self.books
        self.books -= Counter(change.removed)
        self.books += Counter(change.added)

    def facts(self, name: str, conversation_id: str = "k1") -> list[Fact]:
        """Return the facts of one name of a conversation, by time."""
        facts = self.history.facts_of("desk", conversation_id)
        return sorted(fact for fact in facts if fact.name == name)

    def values(self, name: str, conversation_id: str = "k1") -> list[int]:
        """Return the values of a fact, by time."""
        return [fact.value for fact in self.facts(name, conversation_id)]

    def value(self, name: str, conversation_id: str = "k1") -> int | None:
        """Return the value of a fact that is there at most once, None if it is not."""
        values = self.values(name, conversation_id)
        assert len(values) < 2
        return values[0] if values else None

    def plain(self, name: str) -> int | None:
        """Return the value of a duration of k1 in plain time."""
        return self.value(f"{name}.calendar")

    def names(self, conversation_id: str = "k1") -> set[str]:
        """Return the names of the facts of a conversation."""
        return {fact.name for fact in self.history.facts_of("desk", conversation_id)}


def tell(*events: InteractionEvent, rules: HistoryRules = NO_RULES) -> Told:
    """Return the history of events that arrived as they are written."""
    told = Told()
    for event in events:
        told.add(event, rules)
    return told


def facts_of(events: Sequence[InteractionEvent], rules: HistoryRules) -> Counter[Fact]:
    """Return the facts of events that arrived in this order."""
    return Counter(tell(*events, rules=rules).history.facts())


def judged(events: Iterable[InteractionEvent], rules: HistoryRules) -> Conversation:
    """Return one conversation, read at once from all of its events."""
    return Conversation.read(Timeline.of(events, rules), rules)


def segments_of(
    events: Iterable[InteractionEvent], rules: HistoryRules = NO_RULES
) -> list[tuple[str, int, int]]:
    """Return the states one conversation was in, each with its start and end; none is empty."""
    stretches = [
        (before.after, before.event.event_time, after.event.event_time)
        for before, after in pairwise(Timeline.of(events, rules).steps)
        if before.event.event_time < after.event.event_time
    ]
    found = []
    for state, run in groupby(stretches, key=lambda stretch: stretch[0]):
        alike = list(run)
        found.append((state, alike[0][1], alike[-1][2]))
    return found
