"""A worker in memory: what `Intake` does, with every step in the hand of the test."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Literal

from schemas.definitions import load_measures
from schemas.measures import Measures
from streams.fold.chunks import chunk_start
from streams.fold.customer_memory import CustomerMemory
from streams.fold.erasing import ErasureRecord, Trace
from streams.fold.judging import Rules
from streams.fold.kinds import KINDS
from streams.fold.known import KnownRecords
from streams.fold.partition import Decoded, Ledger, PartitionFold, Rejected
from tests.builders import ANSWERS
from tests.fold.tables import STEPS, SliceKey, Step, Tables

__all__ = [
    "ERASURE_STEPS",
    "MEASURES",
    "STEPS",
    "UNLIMITED",
    "ErasureStep",
    "Logged",
    "SliceKey",
    "Step",
    "Tables",
    "Worker",
    "folded",
    "log_of",
    "restart_at",
]

MEASURES = load_measures()
UNLIMITED = 10**9

#: What stands in a log.
Logged = Decoded | ErasureRecord

#: How far an erasure came before the worker died, or stalled.
ErasureStep = Literal[
    "flushed", "read", "counts", "forgotten", "marker", "conversations", "half", "raw"
]
ERASURE_STEPS: tuple[ErasureStep, ...] = (
    "flushed", "read", "counts", "forgotten", "marker", "conversations", "half", "raw",
)  # fmt: skip

_WRITES: tuple[tuple[Callable[[Tables, ErasureRecord, Trace], None], ErasureStep], ...] = (
    (Tables.write_counts, "counts"),
    (Tables.write_forgotten, "forgotten"),
    (Tables.write_marker, "marker"),
)


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
        self.chunk = chunk
        self.limit = limit
        self.customer_limit = customer_limit
        self.measures = measures
        self.definitions = (definitions or {}) | {measures.version: measures}
        self.lookups = 0
        self.rejects: list[Rejected] = []
        self.committed = 0
        self.stalled: Iterator[ErasureStep] | None = None
        self._open(start)

    def _open(self, start: int) -> None:
        tables, chunk, limit, measures = self.tables, self.chunk, self.limit, self.measures
        border = max(tables.erasures, default=0)
        start = max(start, border)
        first = chunk_start(start, chunk, border)
        folded_with = (
            {
                chunk_start(row.offset, chunk, border): row.definitions
                for row in tables.raw.values()
                if row.offset >= first
            }
            | {
                chunk_start(offset, chunk, border): version
                for offset, version in tables.judged_with.items()
                if offset >= first
            }
            | {c: row.definitions for c, row in tables.ledgers.items() if c >= first}
        )

        def rules_for(number: int) -> Rules:
            return Rules(self.definitions[folded_with.get(number, measures.version)])

        half = tables.ledgers.get(first)
        resumes = half is not None and half.first < start
        before = first if resumes else start
        seen = tables.seen(before, self.definitions)
        known = KnownRecords(limit, complete=len(seen) <= limit)
        for identity, entry in list(seen.items())[max(0, len(seen) - limit) :]:
            known.put(identity, entry)
        customers = CustomerMemory(
            self.customer_limit,
            complete=not any(row.offset < before for row in tables.raw.values()),
        )
        self.fold = PartitionFold(
            tables.kind,
            start=before,
            chunk_size=chunk,
            border=border,
            known=known,
            customers=customers,
            rules_for=rules_for,
        )
        if half is not None and resumes:
            stored = tables.stored(half.first, max(start, half.last + 1))
            self._learn(stored)
            self.fold.resume(_copied(half), stored)

    def take(self, records: Sequence[Logged], stall: ErasureStep | None = None) -> None:
        """Fold a run, cut where erasures stand. With `stall`, stop in the first one, after that step."""
        self.go_on()
        piece: list[Decoded] = []
        for record in records:
            if isinstance(record, Decoded):
                piece.append(record)
                continue
            self._take_piece(piece)
            piece = []
            self.stalled = self._erasing(record)
            for step in self.stalled:
                if step == stall:
                    return
            self.stalled = None
        self._take_piece(piece)

    def go_on(self) -> None:
        """Finish the erasure it stalled in."""
        stalled, self.stalled = self.stalled, None
        for _ in stalled or ():
            pass

    def _take_piece(self, piece: Sequence[Decoded]) -> None:
        """Fold records, after looking up what the memory does not hold."""
        records = [record for record in piece if record.offset >= self.fold.position]
        self._learn(records)
        self.rejects += self.fold.fold(records)

    def _learn(self, records: Sequence[Decoded]) -> None:
        missing = self.fold.missing(records)
        if missing:
            self.lookups += 1
            seen = self.tables.seen(self.fold.lookup_bound, self.definitions)
            self.fold.learn({name: seen[name] for name in missing if name in seen})
        subjects = self.fold.missing_customers(records)
        if subjects:
            histories = self.tables.histories(self.fold.lookup_bound, subjects)
            self.fold.learn_customers(subjects, histories, self.definitions.__getitem__)

    def _erasing(self, record: ErasureRecord) -> Iterator[ErasureStep]:
        """Erase, and say after each step which it was."""
        if record.offset < self.fold.position:
            return
        self.fold.close_before(record.offset)
        self.flush()
        if record.offset < self.fold.position:
            return  # outrun
        yield "flushed"
        tables = self.tables
        trace = tables.trace(record.offset, record.erasure.subject, self.definitions)
        yield "read"
        again = record.offset in tables.erasures
        if not again:
            for write, step in _WRITES:
                write(tables, record, trace)
                yield step
        tables.delete_conversations(record)
        yield "conversations"
        tables.delete_raw(record, only_half=True)
        yield "half"
        tables.delete_raw(record)
        yield "raw"
        if again:
            self._open(record.offset)
            self.fold.erase(record, {})
        else:
            self.fold.erase(record, trace.left, trace.others)

    def flush(self) -> int:
        """Write everything, unless an erasure has outrun us; return what may be committed."""
        drained = self.fold.drain()
        if not drained or not self._outrun():
            self.tables.write(drained, self.rejects)
            self.rejects = []
            self.fold.written(drained)
            self.committed = max(self.committed, drained.position)
        return self.committed

    def die_in_flush(self, step: Step) -> None:
        """Write up to a step, and no further. Do not use the worker after it."""
        drained = self.fold.drain()
        if drained and not self._outrun():
            self.tables.write(drained, self.rejects, step)

    def _outrun(self) -> bool:
        """Whether somebody else met an erasure we have not; then begin again behind it."""
        newest = max(self.tables.erasures, default=0)
        if newest <= self.fold.border:
            return False
        self.rejects = []
        self._open(newest)
        return True


def restart_at(committed: int, chunk: int, log_start: int = 0) -> int:
    """Return where a new owner reads from."""
    return max(chunk_start(committed, chunk), log_start)  # before any erasure the tables know of


def folded(
    log: Sequence[Logged], *, chunk: int, measures: Measures = MEASURES, topic: str = ANSWERS
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
