"""A worker and its tables in memory: what `Intake` does, with every step in the hand of the test."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from schemas.definitions import load_measures
from schemas.measures import Measures
from streams.fold.cells import Cell, cells_of
from streams.fold.chunks import Total, chunk_of, chunk_start
from streams.fold.customer_memory import CustomerMemory
from streams.fold.customers import HISTORY_KINDS, Stored
from streams.fold.judging import Rules
from streams.fold.kinds import KINDS, Identity, Kind
from streams.fold.known import Known, KnownRecords
from streams.fold.partition import (
    ConversationRow,
    Decoded,
    Drained,
    Folded,
    Ledger,
    PartitionFold,
    Rejected,
    RevisionRow,
)
from tests.builders import ANSWERS

MEASURES = load_measures()
UNLIMITED = 10**9

#: How far a flush came before the worker died.
Step = Literal["nothing", "raw", "slices", "rejects", "ledger"]
STEPS: tuple[Step, ...] = ("nothing", "raw", "slices", "rejects", "ledger")


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
    conversations: dict[tuple[str, str], ConversationRow] = field(default_factory=dict)
    revisions: set[RevisionRow] = field(default_factory=set)

    def write(self, drained: Drained, rejects: Sequence[Rejected], until: Step = "ledger") -> None:
        """Write a lot in the order of a flush, up to and with one step."""
        reached = STEPS.index(until)
        if reached >= 1:
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
        if reached >= 2:
            for slice_row in drained.slices:
                total = slice_row.total
                slice_key = SliceKey(total.cell, slice_row.chunk)
                if total.version >= self.slices.get(slice_key, (-1,))[0]:
                    self.slices[slice_key] = (total.version, total.n, slice_row.definitions)
        if reached >= 3:
            self.rejects |= {reject.offset: reject.rejection.reason for reject in rejects}
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

    def seen(self, before: int, definitions: dict[int, Measures]) -> dict[Identity, Known]:
        """Return what the raw rows say of every identity before an offset, oldest first."""
        by_identity: dict[Identity, list[Folded]] = {}
        for (identity, _), row in self.raw.items():
            if row.offset < before:
                by_identity.setdefault(identity, []).append(row)
        found = {}
        for identity, rows in by_identity.items():
            newest = max(rows, key=lambda row: (self.kind.revision_of(row.record), -row.offset))
            found[identity] = Known(
                frozenset(self.kind.revision_of(row.record) for row in rows),
                self.kind.revision_of(newest.record),
                cells_of(self.kind, newest.record, definitions[newest.definitions]),
                max(row.offset for row in rows),
            )
        return dict(sorted(found.items(), key=lambda item: item[1].offset))

    def histories(self, before: int, subjects: Iterable[str]) -> dict[str, list[Stored]]:
        """Return the stored events of some subjects before an offset."""
        history = HISTORY_KINDS[self.kind.topic]
        found: dict[str, list[Stored]] = {}
        for row in sorted(self.raw.values(), key=lambda row: row.offset):
            subject = history.subject_of(row.record)
            joins = self.kind.revision is not None or not row.record["is_test"]
            if row.offset < before and subject in set(subjects) and joins:
                event = history.read(row.record)
                found.setdefault(subject, []).append(Stored(row.offset, row.definitions, event))
        return found

    def totals(self, chunk: int) -> list[Total]:
        return [
            Total(key.cell, n, version)
            for key, (version, n, _) in self.slices.items()
            if key.chunk == chunk
        ]

    # -- what a reader sees

    def counts(self) -> Counter[Cell]:
        """Return the sum of all chunks by cell, without the cells that came to nothing."""
        sums: Counter[Cell] = Counter()
        for key, (_, n, _) in self.slices.items():
            sums[key.cell] += n
        return Counter({cell: n for cell, n in sums.items() if n})

    def fates(self) -> dict[str, int]:
        names = ("accepted", "corrected", "duplicate", "rejected")
        return {
            name: sum(row[2 + index] for row in self.ledger.values())
            for index, name in enumerate(names)
        }


class Worker:
    """One owner of the partition, from its assignment to its end."""

    def __init__(
        self,
        tables: Tables,
        start: int,
        *,
        chunk: int,
        limit: int = UNLIMITED,
        customer_limit: int = UNLIMITED,
        measures: Measures = MEASURES,
        definitions: dict[int, Measures] | None = None,
    ) -> None:
        self.tables = tables
        self.limit = limit
        self.definitions = (definitions or {}) | {measures.version: measures}
        self.lookups = 0
        self.rejects: list[Rejected] = []
        first = chunk_of(start, chunk)
        folded_with = {
            chunk_of(row.offset, chunk): row.definitions
            for row in tables.raw.values()
            if row.offset >= first * chunk
        } | {c: row.definitions for c, row in tables.ledgers.items() if c >= first}

        def rules_for(number: int) -> Rules:
            return Rules(self.definitions[folded_with.get(number, measures.version)])

        half = tables.ledgers.get(first)
        resumes = half is not None and half.first < start
        before = half.last + 1 if half is not None and resumes else start
        seen = tables.seen(before, self.definitions)
        known = KnownRecords(limit, complete=len(seen) <= limit)
        for identity, entry in list(seen.items())[max(0, len(seen) - limit) :]:
            known.put(identity, entry)
        customers = CustomerMemory(
            customer_limit, complete=not any(row.offset < before for row in tables.raw.values())
        )
        self.fold = PartitionFold(
            tables.kind,
            start=start,
            chunk_size=chunk,
            known=known,
            customers=customers,
            rules_for=rules_for,
        )
        if half is not None and resumes:
            self.fold.resume(_copied(half), tables.totals(first))

    def take(self, records: Sequence[Decoded]) -> None:
        """Fold a run, after looking up what the memory does not hold."""
        missing = self.fold.missing(records)
        if missing:
            self.lookups += 1
            seen = self.tables.seen(self.fold.lookup_bound, self.definitions)
            self.fold.learn({name: seen[name] for name in missing if name in seen})
        subjects = self.fold.missing_customers(records)
        if subjects:
            histories = self.tables.histories(self.fold.lookup_bound, subjects)
            self.fold.learn_customers(subjects, histories, self.definitions.__getitem__)
        self.rejects += self.fold.fold(records)

    def flush(self) -> int:
        """Write everything; return what may be committed."""
        drained = self.fold.drain()
        self.tables.write(drained, self.rejects)
        self.rejects = []
        self.fold.written(drained)
        return drained.position

    def die_in_flush(self, step: Step) -> None:
        """Write up to a step, and no further. Do not use the worker after it."""
        self.tables.write(self.fold.drain(), self.rejects, step)


def restart_at(committed: int, chunk: int, log_start: int = 0) -> int:
    """Return where a new owner reads from."""
    return max(chunk_start(committed, chunk), log_start)


def folded(
    log: Sequence[Decoded], *, chunk: int, measures: Measures = MEASURES, topic: str = ANSWERS
) -> Tables:
    """Return the tables after a quiet run: one worker, one flush, a memory without limit."""
    tables = Tables(KINDS[topic])
    worker = Worker(tables, 0, chunk=chunk, measures=measures)
    worker.take(log)
    worker.flush()
    return tables


def log_of(records: Iterable[Any], *, timestamp_ms: int, first: int = 0) -> list[Decoded]:
    """Return records as a log without gaps."""
    return [Decoded(first + index, timestamp_ms, item) for index, item in enumerate(records)]


def _copied(ledger: Ledger) -> Ledger:
    return Ledger(
        ledger.chunk, ledger.first, ledger.last, ledger.first_timestamp_ms, ledger.definitions,
        dict(ledger.fates), ledger.gaps,
    )  # fmt: skip
