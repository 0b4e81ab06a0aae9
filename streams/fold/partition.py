"""Fold one input partition: records in, rows to write out. Pure: what it needs is handed in.

`fold` gives every record exactly one fate and keeps the totals of the open chunk; `drain` hands out
what has changed since the last flush. Both depend on the log alone, never on when they are called.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from schemas.measures import Measures
from streams.fold.cells import cells_of
from streams.fold.chunks import ChunkTotals, chunk_start
from streams.fold.customer_memory import CustomerMemory
from streams.fold.customers import Stored
from streams.fold.erasing import ErasureRecord
from streams.fold.histories import Histories
from streams.fold.judging import Rules, check
from streams.fold.kinds import Identity, Kind
from streams.fold.known import Known, KnownRecords
from streams.fold.rejection import Rejection
from streams.fold.rows import (
    ConversationRow,
    Decoded,
    Drained,
    Fate,
    Folded,
    Ledger,
    Rejected,
    RevisionRow,
    SliceRow,
)

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


#: The revisions of an event.
_ONLY = frozenset((1,))


class PartitionFold:
    """The state of one partition between its chunk's start and now.

    Args:
        kind: How records of the topic are read.
        start: Offset of the first record it will see; a chunk's start, or the log's.
        chunk_size: Offsets in a chunk that no erasure cuts short.
        border: Offset of the last erasure at or before `start`, 0 if there is none.
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
        border: int = 0,
        known: KnownRecords,
        customers: CustomerMemory,
        rules_for: Callable[[int], Rules],
    ) -> None:
        self.kind = kind
        self.position = start
        self.border = border
        self.known = known
        self._histories = Histories(kind, customers)
        self._chunk_size = chunk_size
        self._rules_for = rules_for
        self._totals = ChunkTotals()
        self._ledger: Ledger | None = None
        self._ledger_changed = False
        self._rules: Rules | None = None
        self._rows: list[Folded] = []
        self._slices: list[SliceRow] = []
        self._closed: list[Ledger] = []

    @property
    def pending(self) -> int:
        """Rows that wait to be written (totals of the open chunk not counted)."""
        return len(self._rows) + len(self._slices)

    @property
    def lookup_bound(self) -> int:
        """Look-ups may see records below this offset only: the rest is in memory."""
        return self._chunk_of(self.position)

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
            self.known.put(identity, known if self.kind.revision else known._replace(cells=()))

    def missing_customers(self, batch: Iterable[Decoded]) -> set[str]:
        """Return the subjects whose histories must be looked up, and learned, before `fold`."""
        return self._histories.missing(
            (
                (record.content, self._rules_for(self._chunk_of(record.offset)).measures)
                for record in batch
                if not isinstance(record.content, Rejection)
            ),
            self.known,
        )

    def learn_customers(
        self,
        wanted: Iterable[str],
        found: Mapping[str, Sequence[Stored]],
        definitions: Callable[[int], Measures],
    ) -> None:
        """Build the histories a look-up found; who has none is known to have none."""
        self._histories.learn(wanted, found, definitions)

    def resume(self, ledger: Ledger, stored: Sequence[Decoded]) -> None:
        """Take over a chunk whose start the log no longer holds, from the rows that were stored of it.

        Args:
            ledger: What is known of the chunk's fates.
            stored: The records of the chunk that were counted, also those after what the ledger covers:
                a flush may have been cut short before it. What else was there is a gap now.
        """
        covered = [record for record in stored if record.offset <= ledger.last]
        self.fold(covered)
        own = self._ledger_of(ledger.chunk, ledger.first_timestamp_ms)
        own.first, own.last, own.gaps = ledger.first, ledger.last, ledger.gaps
        own.first_timestamp_ms = ledger.first_timestamp_ms
        own.fates = dict(ledger.fates)
        self._ledger_changed = True
        self.position = ledger.last + 1
        self.fold(stored[len(covered) :])

    def lose(self, end: int, timestamp_ms: int) -> None:
        """Go on at `end`: the log does not hold what comes before it, or not any more.

        Args:
            end: First offset that may hold a record; before `position` nothing is done.
            timestamp_ms: Broker timestamp of that record, which stands for those that are lost.
        """
        while self.position < end:
            ledger = self._ledger_of(self.position, timestamp_ms)
            until = min(end, self._end_of(ledger))
            ledger.gaps += until - self.position
            ledger.last = until - 1
            self._ledger_changed = True
            self.position = until

    def fold(
        self, batch: Sequence[Decoded], fates: dict[int, Fate | None] | None = None
    ) -> list[Rejected]:
        """Fold a run of records, in the order of the log; return the ones that were rejected.

        Records below `position` were folded before and are passed over, so a second delivery of the
        same offsets cannot count twice. Of the offsets in `fates`, the fates are told there.
        """
        rejects: list[Rejected] = []
        for record in batch:
            if record.offset < self.position:
                continue
            if record.offset > self.position:
                # Chunks without any record have a row too: one that has none was lost.
                self.lose(self._chunk_of(record.offset), record.timestamp_ms)
            ledger = self._ledger_of(record.offset, record.timestamp_ms)
            rules = self._rules
            assert rules is not None  # noqa: S101 - set with the ledger
            ledger.gaps += record.offset - self.position
            fate = self._fold_one(record, rules, rejects)
            ledger.fates[fate] += 1
            if fates and record.offset in fates:
                fates[record.offset] = fate
            ledger.last = record.offset
            self._ledger_changed = True
            self.position = record.offset + 1
        return rejects

    def close_before(self, offset: int) -> None:
        """Close the open chunk where an erasure begins another one: all before it was folded."""
        if offset >= self.position:
            self._close_chunk(offset)
            self._ledger = None
            self.position = offset

    def erase(
        self,
        record: ErasureRecord,
        left: Mapping[Identity, Known | None],
        others: Iterable[str] = (),
    ) -> None:
        """Fold an erasure, after its subject was erased from the tables. A chunk begins with it.

        Args:
            record: The erasure.
            left: What is known now of each identity the subject had a record of; None for nothing.
            others: Subjects whose histories saw records of the erased one.
        """
        if record.offset < self.position:
            return
        self.close_before(record.offset)
        self.border = record.offset
        for identity, known in left.items():
            if known is None:
                self.known.forget(identity)
            else:
                self.known.put(identity, known)
        self._histories.forget(record.erasure.subject, others)
        ledger = self._ledger_of(record.offset, record.timestamp_ms)
        ledger.fates["corrected"] += 1
        ledger.last = record.offset
        self._ledger_changed = True
        self.position = record.offset + 1

    def drain(self) -> Drained:
        """Hand out everything that changed since the last call."""
        self._drain_totals()
        ledgers = self._closed
        if self._ledger is not None and self._ledger_changed:
            ledgers = [*ledgers, replace(self._ledger, fates=dict(self._ledger.fates))]
        conversations, revisions = self._histories.drain()
        drained = Drained(
            self.position, self._rows, conversations, revisions, self._slices, ledgers
        )
        self._rows, self._slices, self._closed = [], [], []
        self._ledger_changed = False
        return drained

    def written(self, drained: Drained) -> None:
        """Say that a drained lot is durable: what it made known may be forgotten."""
        start = self._chunk_of(drained.position)
        self.known.forget_before(start)
        self._histories.forget_before(start)

    def _ledger_of(self, offset: int, timestamp_ms: int) -> Ledger:
        chunk = self._chunk_of(offset)
        if self._ledger is None or self._ledger.chunk != chunk:
            self._close_chunk(chunk)
            first = max(self.position, chunk)
            self.position = first
            self._rules = self._rules_for(chunk)
            self._ledger = Ledger(
                chunk=chunk,
                first=first,
                last=first - 1,
                first_timestamp_ms=timestamp_ms,
                definitions=self._rules.measures.version,
            )
        return self._ledger

    def _close_chunk(self, before: int) -> None:
        """Close the open chunk; another one begins at `before` or earlier."""
        self._drain_totals()
        ledger = self._ledger
        if ledger is not None:
            # Offsets missing at the end of a chunk (compaction, transaction markers) are its gaps.
            missing = min(self._end_of(ledger), before) - self.position
            if missing > 0:
                ledger.gaps += missing
                ledger.last += missing
                self._ledger_changed = True
            if self._ledger_changed:
                self._closed.append(ledger)
                self._ledger_changed = False
        self._totals = ChunkTotals()

    def _end_of(self, ledger: Ledger) -> int:
        """Return where a chunk ends that no erasure cuts short."""
        return ledger.chunk - ledger.chunk % self._chunk_size + self._chunk_size

    def _drain_totals(self) -> None:
        ledger = self._ledger
        if ledger is not None:
            self._slices += [
                SliceRow(ledger.chunk, ledger.first_timestamp_ms, ledger.definitions, total)
                for total in self._totals.drain()
            ]

    def _chunk_of(self, offset: int) -> int:
        # The last erasure alone matters: nothing before it is folded again.
        return chunk_start(offset, self._chunk_size, self.border)

    def _fold_one(self, record: Decoded, rules: Rules, rejects: list[Rejected]) -> Fate:
        content = record.content
        if not isinstance(content, Rejection):
            verdict = check(
                self.kind.topic, content, record.timestamp_ms, rules, stands=record.stands
            )
            if verdict is None:
                return self._fold_judged(record, content, rules.measures)
            content = verdict
        version = rules.measures.version
        rejects.append(Rejected(record.offset, record.timestamp_ms, content, version))
        return "rejected"

    def _fold_judged(self, record: Decoded, content: dict[str, Any], measures: Measures) -> Fate:
        offset = record.offset
        identity = self.kind.identity_of(content)
        revision = self.kind.revision_of(content)
        known = self.known.get(identity)
        if known is not None and revision in known.revisions:
            return "duplicate"
        self._rows.append(Folded(offset, record.timestamp_ms, measures.version, content))
        for change in self._histories.join(record, content, measures, known):
            self._totals.add(change.removed, -1, offset)
            self._totals.add(change.added, 1, offset)
        cells = cells_of(self.kind, content, measures)
        if self.kind.revision is None:
            # An event is never taken back: that it was seen is all there is to remember.
            self._totals.add(cells, 1, offset)
            self.known.put(identity, Known(_ONLY, revision, (), offset))
            return "accepted"
        subjects = self._histories.subjects_of(content)
        if known is None:
            self._totals.add(cells, 1, offset)
            self.known.put(
                identity, Known(frozenset((revision,)), revision, cells, offset, subjects)
            )
            return "accepted"
        revisions = known.revisions | {revision}
        subjects |= known.subjects
        if revision < known.current:
            # It was corrected before it arrived: kept, but it counts nowhere.
            self.known.put(identity, Known(revisions, known.current, known.cells, offset, subjects))
            return "corrected"
        self._totals.add(known.cells, -1, offset)
        self._totals.add(cells, 1, offset)
        self.known.put(identity, Known(revisions, revision, cells, offset, subjects))
        return "corrected"
