"""The tables of ClickHouse in memory, with the rows a reader sees."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from schemas.measures import Measures
from streams.fold.cells import Cell, cells_of
from streams.fold.customers import HISTORY_KINDS, Customer, Stored
from streams.fold.erasing import ErasureRecord, Trace, contribution
from streams.fold.kinds import KINDS, Identity, Kind
from streams.fold.known import Known
from streams.fold.partition import (
    ConversationRow,
    Decoded,
    Drained,
    Folded,
    Ledger,
    Rejected,
    RevisionRow,
)
from streams.histories.events import subject_of
from tests.builders import ANSWERS

#: How far a flush came before the worker died.
Step = Literal["nothing", "rejects", "raw", "slices", "ledger"]
STEPS: tuple[Step, ...] = ("nothing", "rejects", "raw", "slices", "ledger")


class SliceKey(NamedTuple):
    cell: Cell
    chunk: int


@dataclass
class Tables:
    """Upserted rows: one for each key, as ClickHouse shows them with FINAL."""

    kind: Kind = KINDS[ANSWERS]
    raw: dict[tuple[Identity, int], Folded] = field(default_factory=dict)
    slices: dict[SliceKey, tuple[int, int, int]] = field(default_factory=dict)
    ledger: dict[int, tuple[int, ...]] = field(default_factory=dict)
    ledgers: dict[int, Ledger] = field(default_factory=dict)
    rejects: dict[int, str] = field(default_factory=dict)
    judged_with: dict[int, int] = field(default_factory=dict)
    conversations: dict[tuple[str, str], ConversationRow] = field(default_factory=dict)
    revisions: set[RevisionRow] = field(default_factory=set)
    erased_counts: dict[SliceKey, tuple[int, str]] = field(default_factory=dict)
    forgotten: dict[SliceKey, int] = field(default_factory=dict)
    erasures: dict[int, tuple[str, int, int]] = field(default_factory=dict)

    def write(self, drained: Drained, rejects: Sequence[Rejected], until: Step = "ledger") -> None:
        """Write a lot in the order of a flush, up to and with one step."""
        reached = STEPS.index(until)
        if reached >= 1:
            self.rejects |= {reject.offset: reject.rejection.reason for reject in rejects}
            self.judged_with |= {reject.offset: reject.definitions for reject in rejects}
        if reached >= 2:
            for row in drained.rows:
                key = (self.kind.identity_of(row.record), self.kind.revision_of(row.record))
                held = self.raw.get(key)
                if held is None or row.offset <= held.offset:  # the lowest offset wins
                    self.raw[key] = row
            self.revisions |= set(drained.revisions)
            for conversation_row in drained.conversations:
                found = conversation_row.conversation
                id_ = (found.source, found.conversation_id)
                stored_row = self.conversations.get(id_)
                if stored_row is None or stored_row.version <= conversation_row.version:
                    self.conversations[id_] = conversation_row
        if reached >= 3:
            for slice_row in drained.slices:
                total = slice_row.total
                slice_key = SliceKey(total.cell, slice_row.chunk)
                if total.version >= self.slices.get(slice_key, (-1,))[0]:
                    self.slices[slice_key] = (total.version, total.n, slice_row.definitions)
        if reached >= 4:
            for ledger in drained.ledgers:
                stored = self.ledgers.get(ledger.chunk)
                if stored is None or ledger.last >= stored.last:
                    self.ledgers[ledger.chunk] = ledger
                    self.ledger[ledger.chunk] = (
                        ledger.first, ledger.last, *ledger.fates.values(), ledger.gaps,
                        ledger.definitions, ledger.first_timestamp_ms,
                    )  # fmt: skip

    # -- what Store answers

    def seen(
        self, before: int, definitions: dict[int, Measures], *, without: str = ""
    ) -> dict[Identity, Known]:
        """Return what the raw rows say of every identity before an offset, oldest first."""
        by_identity: dict[Identity, list[Folded]] = {}
        for (identity, _), row in self.raw.items():
            if row.offset < before and self.subject_of(row) != without:
                by_identity.setdefault(identity, []).append(row)
        found = {}
        for identity, rows in by_identity.items():
            newest = max(rows, key=lambda row: (self.kind.revision_of(row.record), -row.offset))
            found[identity] = Known(
                frozenset(self.kind.revision_of(row.record) for row in rows),
                self.kind.revision_of(newest.record),
                cells_of(self.kind, newest.record, definitions[newest.definitions]),
                max(row.offset for row in rows),
                frozenset(map(self.subject_of, rows) if self.kind.revision else ()),
            )
        return dict(sorted(found.items(), key=lambda item: item[1].offset))

    def histories(
        self, before: int, subjects: Iterable[str], *, without: str = ""
    ) -> dict[str, list[Stored]]:
        """Return the stored events of some subjects before an offset."""
        wanted, history = set(subjects), HISTORY_KINDS[self.kind.topic]
        rows = [
            row
            for row in self.raw.values()
            if row.offset < before
            and self.subject_of(row) != without
            and (self.kind.revision is not None or not row.record["is_test"])
        ]
        found: dict[str, list[Stored]] = {}
        for subject in sorted(wanted & set(map(self.subject_of, rows))):
            own = {
                self.kind.identity_of(row.record) for row in rows if self.subject_of(row) == subject
            }
            for row in rows:
                if self.kind.identity_of(row.record) in own:
                    record = row.record
                    if self.subject_of(row) != subject:
                        record = {**record, "dismissed": True}
                    stored = Stored(row.offset, row.definitions, history.read(record))
                    found.setdefault(subject, []).append(stored)
        return found

    def stored(self, first: int, before: int) -> list[Decoded]:
        """Return the records of the raw rows from an offset on."""
        return sorted(
            Decoded(row.offset, row.timestamp_ms, row.record)
            for row in self.raw.values()
            if first <= row.offset < before
        )

    def subject_of(self, row: Folded) -> str:
        """Return whom a raw row is about, as the column `_subject` says."""
        history = HISTORY_KINDS.get(self.kind.topic)
        return subject_of(row.record, history.own_id if history else "case_id")

    # -- erasing

    def trace(self, before: int, subject: str, definitions: dict[int, Measures]) -> Trace:
        """Return what a subject left before an offset."""
        own = {
            key: row
            for key, row in self.raw.items()
            if row.offset < before and self.subject_of(row) == subject
        }
        known = self.seen(before, definitions)
        others = self.seen(before, definitions, without=subject)
        left = {identity: others.get(identity) for identity, _ in own}
        touched = frozenset(name for identity in left for name in known[identity].subjects)
        cells = contribution(
            [known[identity] for identity in left],
            left.values(),
            self._restored(self._stored(before, touched | {subject}), definitions),
            self._restored(self._stored(before, touched - {subject}, subject), definitions),
        )
        newest = max((row.definitions for row in own.values()), default=0)
        return Trace(len(own), cells, newest, left, touched - {subject})

    def _stored(
        self, before: int, subjects: Iterable[str], without: str = ""
    ) -> Iterable[list[Stored]]:
        if self.kind.topic not in HISTORY_KINDS:
            return ()
        return self.histories(before, subjects, without=without).values()

    def _restored(
        self, histories: Iterable[list[Stored]], definitions: dict[int, Measures]
    ) -> list[Customer]:
        return [
            Customer.restored(HISTORY_KINDS[self.kind.topic], stored, definitions.__getitem__)
            for stored in histories
        ]

    def write_counts(self, record: ErasureRecord, trace: Trace) -> None:
        for cell, n in trace.cells.items():
            self.erased_counts[SliceKey(cell, record.offset)] = (n, record.erasure.mode)

    def write_forgotten(self, record: ErasureRecord, trace: Trace) -> None:
        if record.erasure.mode == "drop":
            for cell, n in trace.cells.items():
                self.forgotten[SliceKey(cell, record.offset)] = -n

    def write_marker(self, record: ErasureRecord, trace: Trace) -> None:
        self.erasures[record.offset] = (record.erasure.mode, trace.rows, len(trace.cells))

    def delete_conversations(self, record: ErasureRecord) -> None:
        if self.kind.topic != "feedback.interactions":
            return
        gone = {
            (row.record["source"], row.record["conversation_id"])
            for row in self._raw_of(record).values()
        }
        self.conversations = {
            key: row
            for key, row in self.conversations.items()
            if key not in gone or row.version >= record.offset
        }
        self.revisions = {
            row
            for row in self.revisions
            if row.overtaken.conversation not in gone or row.offset >= record.offset
        }

    def delete_raw(self, record: ErasureRecord, *, only_half: bool = False) -> None:
        gone = sorted(self._raw_of(record))
        for key in gone[: len(gone) // 2] if only_half else gone:
            del self.raw[key]

    def _raw_of(self, record: ErasureRecord) -> dict[tuple[Identity, int], Folded]:
        return {
            key: row
            for key, row in self.raw.items()
            if row.offset < record.offset and self.subject_of(row) == record.erasure.subject
        }

    # -- what a reader sees

    def counts(self) -> Counter[Cell]:
        """Return the sum of all chunks by cell, without the cells that came to nothing."""
        sums: Counter[Cell] = Counter()
        for key, (_, n, _) in self.slices.items():
            sums[key.cell] += n
        for key, n in self.forgotten.items():
            sums[key.cell] += n
        return Counter({cell: n for cell, n in sums.items() if n})

    def fates(self) -> dict[str, int]:
        names = ("accepted", "corrected", "duplicate", "rejected")
        return {
            name: sum(row[2 + index] for row in self.ledger.values())
            for index, name in enumerate(names)
        }
