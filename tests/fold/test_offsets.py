"""Holes in the log, and a log whose start is gone."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.fold.partition import Decoded
from tests.builders import NOW_MS, answer
from tests.fold import oracle
from tests.fold.model import UNLIMITED, Tables, Worker, folded, log_of, restart_at
from tests.fold.strategies import logs


def answers(*offsets: int) -> list[Decoded]:
    return [Decoded(o, NOW_MS, answer(response_id=f"r{o}")) for o in offsets]


def rows(tables: Tables) -> dict[int, tuple[int, int, int, int]]:
    """Return first, last, records and gaps by chunk."""
    return {
        chunk: (ledger.first, ledger.last, ledger.read, ledger.gaps)
        for chunk, ledger in tables.ledgers.items()
    }


def test_holes_are_gaps_of_the_chunk_they_are_in() -> None:
    tables = folded(answers(2, 3, 7, 8, 13), chunk=8)
    assert rows(tables) == {0: (0, 7, 3, 5), 8: (8, 13, 2, 4)}


def test_a_hole_at_the_end_of_a_chunk_is_closed_by_the_next_record() -> None:
    tables = Tables()
    worker = Worker(tables, 0, chunk=8)
    worker.take(answers(0, 5))
    worker.flush()
    assert rows(tables) == {0: (0, 5, 2, 4)}
    worker.take(answers(9))
    worker.flush()
    assert rows(tables) == {0: (0, 7, 2, 6), 8: (8, 9, 1, 1)}


def test_a_chunk_without_records_is_all_gaps() -> None:
    assert rows(folded(answers(1, 20), chunk=8)) == {
        0: (0, 7, 1, 7), 8: (8, 15, 0, 8), 16: (16, 20, 1, 4),
    }  # fmt: skip


def test_a_log_that_begins_inside_a_chunk() -> None:
    tables = Tables()
    worker = Worker(tables, 11, chunk=8)
    worker.take(answers(11, 12, 16))
    worker.flush()
    assert rows(tables) == {8: (11, 15, 2, 3), 16: (16, 16, 1, 0)}


@settings(deadline=None, max_examples=150)
@given(
    log=logs(),
    chunk=st.sampled_from([4, 8]),
    flushed=st.integers(0, 40),
    kept=st.integers(0, 8),
    batch=st.integers(1, 9),
    limit=st.sampled_from([0, 1, UNLIMITED]),
)
def test_a_chunk_whose_start_is_gone_goes_on_from_what_is_stored(
    *, log: list[Decoded], chunk: int, flushed: int, kept: int, batch: int, limit: int
) -> None:
    tables = Tables()
    worker = Worker(tables, 0, chunk=chunk)
    worker.take(log[:flushed])
    committed = worker.flush()
    # Retention has removed records, but none that were not folded yet.
    log_start = max(0, committed - kept)
    start = restart_at(committed, chunk, log_start)
    left = [record for record in log if record.offset >= start]
    worker = Worker(tables, start, chunk=chunk, limit=limit)
    for first in range(0, len(left), batch):
        worker.take(left[first : first + batch])
        worker.flush()
    assert tables == folded(log, chunk=chunk)


@settings(deadline=None, max_examples=100)
@given(log=logs(gaps=False), flushed=st.integers(0, 40), lost=st.integers(1, 20))
def test_what_retention_took_is_a_gap_and_what_was_counted_stays(
    log: list[Decoded], flushed: int, lost: int
) -> None:
    tables = Tables()
    worker = Worker(tables, 0, chunk=8)
    worker.take(log[:flushed])
    committed = worker.flush()
    start = committed + lost
    worker = Worker(tables, start, chunk=8)
    rest = [record for record in log if record.offset >= start]
    worker.take(rest)
    worker.flush()
    assert tables.counts() == oracle.counts([*log[:flushed], *rest])
    for ledger in tables.ledgers.values():
        assert ledger.last - ledger.first + 1 == ledger.read + ledger.gaps
    assert sum(ledger.read for ledger in tables.ledgers.values()) == len(log[:flushed]) + len(rest)


def test_offsets_of_a_log_without_gaps_have_none() -> None:
    log = log_of([answer(response_id=f"r{n}") for n in range(20)], timestamp_ms=NOW_MS)
    assert rows(folded(log, chunk=8)) == {0: (0, 7, 8, 0), 8: (8, 15, 8, 0), 16: (16, 19, 4, 0)}


def test_a_small_memory_looks_up_what_the_lost_start_of_the_chunk_held() -> None:
    log = log_of([answer(), answer(response_id="r2"), answer(), answer()], timestamp_ms=NOW_MS)
    tables = Tables()
    worker = Worker(tables, 0, chunk=8)
    worker.take(log[:2])
    worker.flush()
    worker = Worker(tables, 1, chunk=8, limit=0)  # the log begins at 1 now
    worker.take(log[1:])
    worker.flush()
    assert tables == folded(log, chunk=8)
