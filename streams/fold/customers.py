"""What the records about one customer add to the histograms, together.

Some numbers depend on more than one record: a reply time on two, a repeat contact on two conversations.
Each topic has a *history* for every customer it tells of. All of a history is derived under one version
of the definitions, that of its newest record, so a replay derives it the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from schemas.facts import HORIZONS_MS
from schemas.measures import Measures
from streams.fold.cells import Cell, cells_of_facts
from streams.fold.kinds import Identity, Kind
from streams.histories.answers import AnswerHistory
from streams.histories.events import (
    AnswerEvent,
    InteractionEvent,
    InvitationEvent,
    answer_event,
    interaction_event,
    invitation_event,
    subject_of,
)
from streams.histories.fact import Change, Fact
from streams.histories.interactions import ConversationHistory
from streams.histories.invitations import InvitationHistory
from streams.histories.journeys import JourneyHistory

__all__ = [
    "HISTORY_KINDS",
    "ConversationId",
    "Customer",
    "CustomerChange",
    "Event",
    "HistoryKind",
    "Overtaken",
    "Stored",
    "StoredRecord",
    "histories_of",
]

Event = AnswerEvent | InvitationEvent | InteractionEvent

#: Source and id of a conversation.
ConversationId = tuple[str, str]


class Stored(NamedTuple):
    """An event of a history as the raw table holds it.

    `own` is False for a revision of an answer that names another customer: `HistoryKind.elsewhere`.
    """

    offset: int
    definitions: int
    event: Event
    own: bool = True


class _History(Protocol):
    """All records about one customer in one topic."""

    def add(self, event: Any, measures: Measures) -> tuple[Change, tuple[ConversationId, ...]]:
        """Add a record; return the facts that change, and the conversations."""
        ...

    def facts(self) -> list[Fact]:
        """Return the facts as they are now."""
        ...


class _Answers:
    def __init__(self) -> None:
        self._answers = AnswerHistory()

    def add(self, event: AnswerEvent, measures: Measures) -> tuple[Change, tuple[()]]:
        return self._answers.add(event, measures), ()

    def facts(self) -> list[Fact]:
        return self._answers.facts()


class _Invitations:
    def __init__(self) -> None:
        self._invitations = InvitationHistory()

    def add(self, event: InvitationEvent, measures: Measures) -> tuple[Change, tuple[()]]:
        return self._invitations.add(event, measures.rules), ()

    def facts(self) -> list[Fact]:
        return self._invitations.facts()


class _Interactions:
    def __init__(self) -> None:
        self.conversations = ConversationHistory()
        self._journeys = JourneyHistory()

    def add(
        self, event: InteractionEvent, measures: Measures
    ) -> tuple[Change, tuple[ConversationId, ...]]:
        change, touched = self.conversations.add(event, measures.rules)
        of_journeys = self._journeys.add(event, measures.rules)
        removed = change.removed + of_journeys.removed
        return Change(removed, change.added + of_journeys.added), touched

    def facts(self) -> list[Fact]:
        return self.conversations.facts() + self._journeys.facts()


@dataclass(frozen=True, slots=True)
class HistoryKind:
    """How the records of a topic become histories.

    `own_id` is the field that stands in for a customer nobody knows; `fields` are the columns an event
    is read from.
    """

    event: type[Event]
    own_id: str
    read: Callable[[Mapping[str, Any]], Event]
    make: Callable[[], _History]
    identity: tuple[str, ...]

    def subject_of(self, record: Mapping[str, Any]) -> str:
        """Return whose history a record belongs to."""
        return subject_of(record, self.own_id)

    def elsewhere(self, record: Mapping[str, Any], revision: int) -> Event:
        """Return a revision of an answer as another history sees it: it hides theirs up to it."""
        return self.read({**record, "revision": revision, "dismissed": True})


HISTORY_KINDS: dict[str, HistoryKind] = {
    "feedback.responses": HistoryKind(
        AnswerEvent, "response_id", answer_event, _Answers,
        ("source", "response_id", "question_id", "revision"),
    ),
    "feedback.invitations": HistoryKind(
        InvitationEvent, "invitation_id", invitation_event, _Invitations, ("source", "event_id")
    ),
    "feedback.interactions": HistoryKind(
        InteractionEvent, "conversation_id", interaction_event, _Interactions, ("source", "event_id")
    ),
}  # fmt: skip


class Overtaken(NamedTuple):
    """A fact with a horizon that a record changed: whose it is, what it was and what it became."""

    conversation: ConversationId
    fact: Fact
    became: int | None


class StoredRecord(NamedTuple):
    """A raw row: whose it is, where it stood, and its fields."""

    subject: str
    offset: int
    definitions: int
    record: dict[str, Any]


def histories_of(
    kind: Kind, records: Iterable[StoredRecord], wanted: Collection[str]
) -> dict[str, list[Stored]]:
    """Return the events of some subjects.

    Args:
        kind: The kind of the topic.
        records: All records of these subjects; of an answer all revisions, whoever they name.
        wanted: The subjects.
    """
    history = HISTORY_KINDS[kind.topic]
    found: dict[str, list[Stored]] = {}
    if kind.revision is None:
        for subject, offset, definitions, record in records:
            event = history.read(record)
            found.setdefault(subject, []).append(Stored(offset, definitions, event))
        return found
    answers: dict[Identity, list[StoredRecord]] = {}
    for one in records:
        answers.setdefault(kind.identity_of(one.record), []).append(one)
    for revisions in answers.values():
        for subject in {one.subject for one in revisions if one.subject in wanted}:
            for one in revisions:
                own = one.subject == subject
                event = (
                    history.read(one.record)
                    if own
                    else history.elsewhere(one.record, one.record["revision"])
                )
                stored = Stored(one.offset, one.definitions, event, own)
                found.setdefault(subject, []).append(stored)
    return found


class CustomerChange(NamedTuple):
    """What a record does: cells to take back, cells to add, conversations that are not as before."""

    removed: list[Cell]
    added: list[Cell]
    conversations: Iterable[ConversationId]
    overtaken: Sequence[Overtaken] = ()


class Customer:
    """One history, with the definitions it is derived under."""

    __slots__ = ("_events", "_history", "_kind", "measures", "offset")

    def __init__(self, kind: HistoryKind, measures: Measures) -> None:
        self._kind = kind
        self._history = kind.make()
        self._events: list[Event] = []
        self.measures = measures
        self.offset = -1

    @classmethod
    def restored(
        cls, kind: HistoryKind, stored: Iterable[Stored], definitions: Callable[[int], Measures]
    ) -> Customer:
        """Build a history again from its stored events, at least one, in any order."""
        events = sorted(stored, key=lambda one: one.offset)
        customer = cls(kind, definitions(events[-1].definitions))
        for one in events:
            customer._add(one.event)
        customer.offset = events[-1].offset
        return customer

    def add(self, event: Event, measures: Measures, offset: int) -> CustomerChange:
        """Add a record under the definitions of its chunk."""
        self.offset = offset
        if measures.version != self.measures.version and self._events:
            return self._derive_again(event, measures)
        self.measures = measures
        change, conversations = self._add(event)
        return CustomerChange(
            list(cells_of_facts(change.removed, measures)),
            list(cells_of_facts(change.added, measures)),
            conversations,
            self._overtaken(change, conversations),
        )

    def cells(self) -> list[Cell]:
        """Return the cells all of its facts add 1 to."""
        return list(cells_of_facts(self._history.facts(), self.measures))

    @property
    def conversations(self) -> ConversationHistory:
        """The conversations of a history of interactions."""
        history = self._history
        if not isinstance(history, _Interactions):
            raise TypeError(type(history).__name__)
        return history.conversations

    def _add(self, event: Event) -> tuple[Change, tuple[ConversationId, ...]]:
        self._events.append(event)
        return self._history.add(event, self.measures)

    def _overtaken(
        self, change: Change, conversations: Sequence[ConversationId]
    ) -> list[Overtaken]:
        """Return the facts with a horizon that a record changed.

        Only its own conversation, the first, can be solved at another time than before, or have other
        dimensions; of the others the value alone changes.
        """
        found: list[Overtaken] = []
        for fact in change.removed:
            if fact.name not in HORIZONS_MS:
                continue
            mine, *theirs = (self._standing(identity, fact) for identity in conversations)
            of_others = [
                Overtaken(identity, fact, now.value)
                for identity, now in zip(conversations[1:], theirs, strict=True)
                if now and now.dimensions == fact.dimensions and now.value != fact.value
            ]
            own = Overtaken(conversations[0], fact, mine.value if mine else None)
            found.append(next((one for one in of_others if one not in found), own))
        return found

    def _standing(self, conversation: ConversationId, fact: Fact) -> Fact | None:
        """Return the fact of this name and time that a conversation has now, if it has one."""
        for now in self.conversations.facts_of(*conversation):
            if (now.name, now.time_ms) == (fact.name, fact.time_ms):
                return now
        return None

    def _derive_again(self, event: Event, measures: Measures) -> CustomerChange:
        """Take everything back as it was, and add everything as the new definitions have it."""
        removed = list(cells_of_facts(self._history.facts(), self.measures))
        self.measures, self._history = measures, self._kind.make()
        conversations: dict[ConversationId, None] = {}
        events, self._events = self._events, []
        for one in [*events, event]:
            _, touched = self._add(one)
            conversations |= dict.fromkeys(touched)
        added = list(cells_of_facts(self._history.facts(), measures))
        return CustomerChange(removed, added, conversations)
