"""The histories of the customers of one partition: what is missing, what a record changes in them.

A history holds all that one customer's records of the topic say (`streams.fold.customers`). Those kept in
memory are the ones whose customers came last; the others are looked up, and learnt, before a record joins
them. A topic that tells of no customers has no histories.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from schemas.facts import HORIZONS_MS
from schemas.measures import Measures
from streams.fold.customer_memory import CustomerMemory
from streams.fold.customers import (
    HISTORY_KINDS,
    ConversationId,
    Customer,
    CustomerChange,
    Event,
    HistoryKind,
    Stored,
)
from streams.fold.kinds import Kind
from streams.fold.known import Known, KnownRecords
from streams.fold.rows import ConversationRow, Decoded, RevisionRow

__all__ = ["Histories"]


class Histories:
    """The histories of one partition, and what changed in them since the last flush.

    Args:
        kind: How records of the topic are read.
        customers: The histories before the first record.
    """

    def __init__(self, kind: Kind, customers: CustomerMemory) -> None:
        self._kind = kind
        self._history = HISTORY_KINDS.get(kind.topic)
        self._customers = customers
        self._changed: dict[tuple[str, ConversationId], int] = {}
        self._revisions: list[RevisionRow] = []

    def missing(
        self, records: Iterable[tuple[dict[str, Any], Measures]], seen: KnownRecords
    ) -> set[str]:
        """Return the subjects whose histories must be looked up before some records can join.

        Args:
            records: The records, each with the measures of its chunk.
            seen: What is known of the records, looked up before.
        """
        if self._history is None or self._customers.complete:
            return set()
        wanted: set[str] = set()
        for record, _ in records:
            if self._takes(record):
                wanted.add(self._history.subject_of(record))
                if self._kind.revision and (known := seen.get(self._kind.identity_of(record))):
                    wanted |= known.subjects
        return self._customers.missing(wanted)

    def learn(
        self,
        wanted: Iterable[str],
        found: Mapping[str, Sequence[Stored]],
        definitions: Callable[[int], Measures],
    ) -> None:
        """Build the histories a look-up found; who has none is known to have none."""
        if self._history is not None:
            for subject in wanted:
                if stored := found.get(subject):
                    customer = Customer.restored(self._history, stored, definitions)
                    self._customers.put(subject, customer)

    def forget(self, subject: str, others: Iterable[str]) -> None:
        """Forget an erased subject; the histories of `others` saw its records, and grew old."""
        self._customers.forget(subject)
        for other in others:
            self._customers.discard(other)

    def forget_before(self, offset: int) -> None:
        """Shrink to the limit, but keep what a record at `offset` or later touched."""
        self._customers.forget_before(offset)

    def subjects_of(self, content: Mapping[str, Any]) -> frozenset[str]:
        """Return whose history a record belongs to: one, or nobody's in a topic without histories."""
        if self._history is None:
            return frozenset()
        return frozenset((self._history.subject_of(content),))

    def join(
        self, record: Decoded, content: dict[str, Any], measures: Measures, known: Known | None
    ) -> list[CustomerChange]:
        """Add a record to the history of its customer; return what that changes.

        An answer is the customer's whom its newest revision names. Who was named by another one has
        it in the history too, and there a revision of somebody else hides their own older ones.
        """
        kind = self._history
        if kind is None:
            return []
        subject = kind.subject_of(content)
        others = known.subjects - {subject} if known is not None else frozenset()
        if not self._takes(content):
            return []
        own = kind.read(content)
        revision = self._kind.revision_of(content)
        if known is not None and subject not in known.subjects and revision < known.current:
            # The newer revision names somebody else, and this history has not heard of it.
            own = kind.elsewhere(content, known.current)
        changes = [self._join(kind, record, subject, own, measures)]
        for other in sorted(others):
            event = kind.elsewhere(content, revision)
            changes.append(self._join(kind, record, other, event, measures))
        return changes

    def drain(self) -> tuple[list[ConversationRow], list[RevisionRow]]:
        """Hand out the conversations and the final facts that changed since the last call."""
        conversations = self._drain_conversations()
        revisions, self._revisions = self._revisions, []
        return conversations, revisions

    def _takes(self, content: Mapping[str, Any]) -> bool:
        """Tests are in no history; a revision of an answer that is one still hides the older ones.

        Whether the definitions have a measure for it does not matter: those before may have had one, which
        is to be taken back, and those after may have one, which counts from the first record on.
        """
        return self._kind.revision is not None or not content["is_test"]

    def _join(
        self, kind: HistoryKind, record: Decoded, subject: str, event: Event, measures: Measures
    ) -> CustomerChange:
        offset = record.offset
        customer = self._customers.get(subject) or Customer(kind, measures)
        change = customer.add(event, measures, offset)
        self._customers.put(subject, customer)
        for conversation in change.conversations:
            self._changed[subject, conversation] = offset
        for overtaken in change.overtaken:
            fact = overtaken.fact
            if record.timestamp_ms > fact.time_ms + HORIZONS_MS[fact.name]:
                row = RevisionRow(overtaken, offset, record.timestamp_ms, measures.version)
                self._revisions.append(row)
        return change

    def _drain_conversations(self) -> list[ConversationRow]:
        rows = []
        for (subject, (source, conversation_id)), offset in self._changed.items():
            customer = self._customers.get(subject)
            if customer is None:  # never while a record of the open chunk touched it
                raise AssertionError  # without the id: it is a customer's
            history = customer.conversations
            rows.append(
                ConversationRow(
                    subject,
                    history.conversation(source, conversation_id),
                    history.facts_of(source, conversation_id),
                    offset,
                    customer.measures.version,
                )
            )
        self._changed = {}
        return rows
