"""Fold one input partition: records in, rows to write out. Pure: what it needs is handed in.

`fold` gives every record exactly one fate and keeps the totals of the open chunk; `drain` hands out
what has changed since the last flush. Both depend on the log alone, never on when they are called.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple

from schemas.facts import HORIZONS_MS
from schemas.measures import Measures
from streams.fold.cells import cells_of
from streams.fold.chunks import ChunkTotals, Total, chunk_of, chunk_start
from streams.fold.customer_memory import CustomerMemory
from streams.fold.customers import (
    HISTORY_KINDS,
    ConversationId,
    Customer,
    Overtaken,
    Stored,
)
from streams.fold.judging import Rules, check
from streams.fold.kinds import Identity, Kind
from streams.fold.known import Known, KnownRecords
from streams.fold.rejection import Rejection
from streams.histories.conversations import Conversation
from streams.histories.fact import Fact

__all__ = [
    "ConversationRow",
    "Decoded",
    "Drained",
    "Fate",
    "Folded",
    "Ledger",
    "PartitionFold",
    "Rejected",
    "RevisionRow",
    "SliceRow",
]

Fate = Literal["accepted", "corrected", "duplicate", "rejected"]

#: Every fate, in the order they are shown.
FATES: tuple[Fate, ...] = ("accepted", "corrected", "duplicate", "rejected")


class Decoded(NamedTuple):
    """One record of the log: where it stood, and what it says (or why it says nothing)."""

    offset: int
    timestamp_ms: int
    content: dict[str, Any] | Rejection


class Folded(NamedTuple):
    """A raw row: a record that was accepted or corrected, with its coordinates."""

    offset: int
    timestamp_ms: int
    definitions: int
    record: dict[str, Any]


class Rejected(NamedTuple):
    """A record that could not be counted. Its bytes are still with whoever read it."""

    offset: int
    timestamp_ms: int
    rejection: Rejection


class ConversationRow(NamedTuple):
    """A conversation as its events so far say; `version` is the last offset that changed it."""

    subject: str
    conversation: Conversation
    facts: tuple[Fact, ...]
    version: int
    definitions: int


class RevisionRow(NamedTuple):
    """A fact that was final and changed, because the record at `offset` came so late."""

    overtaken: Overtaken
    offset: int
    timestamp_ms: int
    definitions: int


class SliceRow(NamedTuple):
    """The total of one cell in one chunk."""

    chunk: int
    first_timestamp_ms: int
    definitions: int
    total: Total


@dataclass(slots=True)
class Ledger:
    """The fates of one chunk so far. `first` to `last` are the offsets it covers."""

    chunk: int
    first: int
    last: int
    first_timestamp_ms: int
    definitions: int
    fates: dict[Fate, int] = field(default_factory=lambda: dict.fromkeys(FATES, 0))
    gaps: int = 0

    @property
    def read(self) -> int:
        """How many records were read: always the sum of the fates."""
        return sum(self.fates.values())


@dataclass(slots=True)
class Drained:
    """All that must become durable before `position` may be committed."""

    position: int
    rows: list[Folded]
    conversations: list[ConversationRow]
    revisions: list[RevisionRow]
    slices: list[SliceRow]
    ledgers: list[Ledger]

    def __bool__(self) -> bool:
        return bool(self.ledgers)


class PartitionFold:
    """The state of one partition between its chunk's start and now.

    Args:
        kind: How records of the topic are read.
        start: Offset of the first record it will see; a chunk's start, or the log's.
        chunk_size: Offsets in a chunk.
        known: What was seen before `start`.
        customers: The histories of customers before `start`.
        rules_for: The rules a chunk is judged by. A chunk that was folded before must get the same
            ones again.
    """

    def __init__(
        self,
        kind: Kind,
        *,
        start: int,
        chunk_size: int,
        known: KnownRecords,
        customers: CustomerMemory,
        rules_for: Callable[[int], Rules],
    ) -> None:
        self.kind = kind
        self.position = start
        self.known = known
        self.customers = customers
        self._history_kind = HISTORY_KINDS.get(kind.topic)
        self._resumed_at = start
        self._chunk_size = chunk_size
        self._rules_for = rules_for
        self._totals = ChunkTotals()
        self._ledger: Ledger | None = None
        self._ledger_changed = False
        self._rules: Rules | None = None
        self._rows: list[Folded] = []
        self._slices: list[SliceRow] = []
        self._closed: list[Ledger] = []
        self._changed: dict[tuple[str, ConversationId], int] = {}
        self._revisions: list[RevisionRow] = []

    @property
    def pending(self) -> int:
        """Rows that wait to be written (totals of the open chunk not counted)."""
        return len(self._rows) + len(self._slices)

    @property
    def lookup_bound(self) -> int:
        """Look-ups may see records below this offset only: the rest is in memory."""
        return max(chunk_start(self.position, self._chunk_size), self._resumed_at)

    def missing(self, batch: Iterable[Decoded]) -> set[Identity]:
        """Return the identities that must be looked up, and learned, before `fold`."""
        if self.known.complete:
            return set()
        return self.known.missing(
            self.kind.identity_of(record.content)
            for record in batch
            if not isinstance(record.content, Rejection)
        )

    def learn(self, found: Mapping[Identity, Known]) -> None:
        """Remember what a look-up found."""
        for identity, known in found.items():
            self.known.put(identity, known)

    def missing_customers(self, batch: Iterable[Decoded]) -> set[str]:
        """Return the subjects whose histories must be looked up, and learned, before `fold`."""
        kind = self._history_kind
        if kind is None or self.customers.complete:
            return set()
        return self.customers.missing(
            kind.subject_of(record.content)
            for record in batch
            if not isinstance(record.content, Rejection)
            and self._joins_history(
                record.content, self._rules_for(self._chunk_of(record)).measures
            )
        )

    def learn_customers(
        self,
        wanted: Iterable[str],
        found: Mapping[str, Sequence[Stored]],
        definitions: Callable[[int], Measures],
    ) -> None:
        """Build the histories a look-up found; who has none is known to have none."""
        if self._history_kind is not None:
            for subject in wanted:
                if stored := found.get(subject):
                    customer = Customer.restored(self._history_kind, stored, definitions)
                    self.customers.put(subject, customer)

    def resume(self, ledger: Ledger, totals: Iterable[Total]) -> None:
        """Take over a chunk whose start the log no longer holds, as it was stored."""
        self._rules = self._rules_for(ledger.chunk)
        self._ledger = ledger
        self._totals.restore(totals)
        self.position = self._resumed_at = ledger.last + 1

    def fold(self, batch: Sequence[Decoded]) -> list[Rejected]:
        """Fold a run of records, in the order of the log; return the ones that were rejected.

        Records below `position` were folded before and are passed over, so a second delivery of the
        same offsets cannot count twice.
        """
        rejects: list[Rejected] = []
        for record in batch:
            if record.offset < self.position:
                continue
            ledger = self._ledger_of(record)
            rules = self._rules
            assert rules is not None  # noqa: S101 - set with the ledger
            ledger.gaps += record.offset - self.position
            fate = self._fold_one(record, rules, rejects)
            ledger.fates[fate] += 1
            ledger.last = record.offset
            self._ledger_changed = True
            self.position = record.offset + 1
        return rejects

    def drain(self) -> Drained:
        """Hand out everything that changed since the last call."""
        self._drain_totals()
        ledgers = self._closed
        if self._ledger is not None and self._ledger_changed:
            ledgers = [*ledgers, replace(self._ledger, fates=dict(self._ledger.fates))]
        conversations = self._drain_conversations()
        drained = Drained(
            self.position, self._rows, conversations, self._revisions, self._slices, ledgers
        )
        self._rows, self._slices, self._closed, self._revisions = [], [], [], []
        self._ledger_changed = False
        return drained

    def written(self, drained: Drained) -> None:
        """Say that a drained lot is durable: what it made known may be forgotten."""
        start = chunk_start(drained.position, self._chunk_size)
        self.known.forget_before(start)
        self.customers.forget_before(start)

    def _ledger_of(self, record: Decoded) -> Ledger:
        chunk = self._chunk_of(record)
        if self._ledger is None or self._ledger.chunk != chunk:
            self._close_chunk()
            first = max(self.position, chunk * self._chunk_size)
            self.position = first
            self._rules = self._rules_for(chunk)
            self._ledger = Ledger(
                chunk=chunk,
                first=first,
                last=first - 1,
                first_timestamp_ms=record.timestamp_ms,
                definitions=self._rules.measures.version,
            )
        return self._ledger

    def _close_chunk(self) -> None:
        self._drain_totals()
        ledger = self._ledger
        if ledger is not None:
            # Offsets missing at the end of a chunk (compaction, transaction markers) are its gaps.
            missing = (ledger.chunk + 1) * self._chunk_size - self.position
            if missing > 0:
                ledger.gaps += missing
                ledger.last += missing
                self._ledger_changed = True
            if self._ledger_changed:
                self._closed.append(ledger)
                self._ledger_changed = False
        self._totals = ChunkTotals()

    def _drain_totals(self) -> None:
        ledger = self._ledger
        if ledger is not None:
            self._slices += [
                SliceRow(ledger.chunk, ledger.first_timestamp_ms, ledger.definitions, total)
                for total in self._totals.drain()
            ]

    def _drain_conversations(self) -> list[ConversationRow]:
        rows = []
        for (subject, (source, conversation_id)), offset in self._changed.items():
            customer = self.customers.get(subject)
            if customer is None:  # never while a record of the open chunk touched it
                raise AssertionError(conversation_id)
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

    def _chunk_of(self, record: Decoded) -> int:
        return chunk_of(record.offset, self._chunk_size)

    def _fold_one(self, record: Decoded, rules: Rules, rejects: list[Rejected]) -> Fate:
        content = record.content
        if not isinstance(content, Rejection):
            verdict = check(self.kind.topic, content, record.timestamp_ms, rules)
            if verdict is None:
                return self._fold_judged(record, content, rules.measures)
            content = verdict
        rejects.append(Rejected(record.offset, record.timestamp_ms, content))
        return "rejected"

    def _fold_judged(self, record: Decoded, content: dict[str, Any], measures: Measures) -> Fate:
        offset = record.offset
        identity = self.kind.identity_of(content)
        revision = self.kind.revision_of(content)
        known = self.known.get(identity)
        if known is not None and revision in known.revisions:
            return "duplicate"
        self._rows.append(Folded(offset, record.timestamp_ms, measures.version, content))
        self._join_history(record, content, measures)
        cells = cells_of(self.kind, content, measures)
        if known is None:
            self._totals.add(cells, 1, offset)
            self.known.put(identity, Known(frozenset((revision,)), revision, cells, offset))
            return "accepted"
        revisions = known.revisions | {revision}
        if revision < known.current:
            # It was corrected before it arrived: kept, but it counts nowhere.
            self.known.put(identity, Known(revisions, known.current, known.cells, offset))
            return "corrected"
        self._totals.add(known.cells, -1, offset)
        self._totals.add(cells, 1, offset)
        self.known.put(identity, Known(revisions, revision, cells, offset))
        return "corrected"

    def _joins_history(self, content: Mapping[str, Any], measures: Measures) -> bool:
        """Tests are in no history; a revision of an answer that is one still hides the older ones."""
        if self.kind.revision is None:
            return not content["is_test"]
        return measures.once_per_customer

    def _join_history(
        self, record: Decoded, content: Mapping[str, Any], measures: Measures
    ) -> None:
        """Add a record to the history of its customer, and what that changes to the totals."""
        kind = self._history_kind
        if kind is None:
            return
        subject = kind.subject_of(content)
        if not self._joins_history(content, measures):
            if self.kind.revision is not None:
                # No measure needs it now; one may later, and then it must be looked up.
                self.customers.discard(subject)
            return
        offset = record.offset
        customer = self.customers.get(subject) or Customer(kind, measures)
        change = customer.add(kind.read(content), measures, offset)
        self.customers.put(subject, customer)
        self._totals.add(change.removed, -1, offset)
        self._totals.add(change.added, 1, offset)
        for conversation in change.conversations:
            self._changed[subject, conversation] = offset
        for overtaken in change.overtaken:
            fact = overtaken.fact
            if record.timestamp_ms > fact.time_ms + HORIZONS_MS[fact.name]:
                row = RevisionRow(overtaken, offset, record.timestamp_ms, measures.version)
                self._revisions.append(row)
