"""What the ledger of a log says, with holes and without."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.fold.partition import Decoded, Ledger
from streams.verifying.conservation import Chunk, chunk_findings
from tests.builders import NOW_MS, answer
from tests.fold.model import Tables, Worker

CHUNK = 4


def told(log: Sequence[Decoded], lost: int = 0) -> list[Chunk]:
    """Return the ledger of a log whose first records Kafka deleted before anybody read them."""
    tables = Tables()
    worker = Worker(tables, 0, chunk=CHUNK)
    worker.fold.lose(lost, NOW_MS)
    worker.take([record for record in log if record.offset >= lost])
    worker.flush()
    return [_row(tables.ledgers[chunk]) for chunk in sorted(tables.ledgers)]


def _row(ledger: Ledger) -> Chunk:
    return Chunk(
        ledger.chunk, ledger.first, ledger.last, ledger.read, **ledger.fates, gaps=ledger.gaps
    )


def log_at(*offsets: int) -> list[Decoded]:
    return [Decoded(offset, NOW_MS, answer(response_id=f"r{offset}")) for offset in offsets]


def test_chunks_without_any_record_are_all_gaps() -> None:
    """A transaction that was aborted, or markers of many, may fill a chunk and more."""
    chunks = told(log_at(1, 14))
    assert [(one.first, one.last, one.read, one.gaps) for one in chunks] == [
        (0, 3, 1, 3), (4, 7, 0, 4), (8, 11, 0, 4), (12, 14, 1, 2),
    ]  # fmt: skip
    assert list(chunk_findings(chunks)) == []


def test_records_whose_loss_was_accepted_are_gaps() -> None:
    chunks = told(log_at(1, 9), lost=9)
    assert [(one.first, one.last, one.read, one.gaps) for one in chunks] == [
        (0, 3, 0, 4), (4, 7, 0, 4), (8, 9, 1, 1),
    ]  # fmt: skip
    assert list(chunk_findings(chunks)) == []


def test_a_chunk_that_is_missing_is_told_whether_it_held_records_or_not() -> None:
    chunks = told(log_at(1, 6, 14))
    for gone in (1, 2):
        left = chunks[:gone] + chunks[gone + 1 :]
        before, after = chunks[gone - 1].last, chunks[gone + 1].first
        assert list(chunk_findings(left)) == [
            f"After offset {before} the ledger goes on with offset {after}."
        ]


@settings(deadline=None, max_examples=60)
@given(offsets=st.sets(st.integers(0, 40)), lost=st.integers(0, 20))
def test_the_ledger_of_any_log_adds_up(offsets: set[int], lost: int) -> None:
    assert list(chunk_findings(told(log_at(*sorted(offsets)), lost))) == []
