"""A change of the measures takes effect at the border of a chunk, and leaves nothing behind."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.definitions import parse_measures
from schemas.measures import Measures
from sinks.tables import TABLES
from streams.fold.chunks import chunk_start
from streams.fold.columns import slice_columns
from streams.fold.partition import Decoded
from tests.builders import NOW_MS, answer
from tests.fold.model import STEPS, Step, Tables, Worker, folded, log_of, restart_at
from tests.fold.strategies import logs

_MEASURES = """
version = {version}
[[measure]]
name = "{name}"
topic = "feedback.responses"
doc = "Likelihood to recommend."
source = "https://measuringu.com/nps-three-confidence-intervals/"
metric = "NPS"
scale = [0, 10]
dimensions = {dimensions}
[[measure.score]]
name = "nps"
kind = "net"
unit = "points"
top = [9, 10]
bottom = [0, 6]
"""


def measures(version: int, name: str, dimensions: str) -> Measures:
    return parse_measures(_MEASURES.format(version=version, name=name, dimensions=dimensions))


OLD = measures(1, "nps", '["touchpoint"]')
NEW = measures(2, "recommend", '["channel", "survey_id"]')
BOTH = {1: OLD, 2: NEW}


def upgraded(log: list[Decoded], old: int, step: Step, chunk: int) -> Tables:
    """Fold some records with the old measures, die in a flush, and go on with the new ones."""
    tables = Tables()
    worker = Worker(tables, 0, chunk=chunk, measures=OLD)
    worker.take(log[: old // 2])
    committed = worker.flush()
    worker.take(log[old // 2 : old])
    worker.die_in_flush(step)
    start = restart_at(committed, chunk)
    worker = Worker(tables, start, chunk=chunk, measures=NEW, definitions=BOTH)
    worker.take([record for record in log if record.offset >= start])
    worker.flush()
    return tables


@settings(deadline=None, max_examples=120)
@given(log=logs(), old=st.integers(0, 40), step=st.sampled_from(STEPS))
def test_a_chunk_is_folded_with_one_version_and_leaves_no_stale_rows(
    log: list[Decoded], old: int, step: Step
) -> None:
    tables = upgraded(log, old, step, chunk=8)
    versions = {chunk: ledger.definitions for chunk, ledger in tables.ledgers.items()}
    for key, (_, _, version) in tables.slices.items():
        assert version == versions[key.chunk]
    for row in tables.raw.values():
        assert row.definitions == versions[chunk_start(row.offset, 8)]
    # Read again from the first record with nothing but what is stored: the same tables.
    again = Worker(tables, 0, chunk=8, measures=NEW, definitions=BOTH)
    before = Counter(tables.counts())
    again.take(log)
    again.flush()
    assert tables.counts() == before


def test_an_answer_is_taken_back_from_the_cells_of_the_version_that_counted_it() -> None:
    log = log_of(
        [answer(), answer(response_id="r2"), answer(revision=2, value_number=3.0)],
        timestamp_ms=NOW_MS,
    )
    tables = Tables()
    worker = Worker(tables, 0, chunk=2, measures=OLD)
    worker.take(log[:2])
    worker.flush()
    worker = Worker(tables, 2, chunk=2, measures=NEW, definitions=BOTH)
    worker.take(log[2:])
    worker.flush()
    found = {(cell.measure, cell.dimensions, cell.bucket): n for cell, n in tables.counts().items()}
    assert found == {("nps", ("checkout",), 9): 1, ("recommend", ("EMAIL", "s1"), 3): 1}
    assert tables.ledgers[0].definitions == 1
    assert tables.ledgers[2].definitions == 2


def test_a_chunk_begun_with_the_old_version_is_finished_with_it() -> None:
    log = log_of([answer(response_id=f"r{n}") for n in range(6)], timestamp_ms=NOW_MS)
    tables = Tables()
    worker = Worker(tables, 0, chunk=4, measures=OLD)
    worker.take(log[:2])
    worker.flush()
    worker = Worker(tables, 0, chunk=4, measures=NEW, definitions=BOTH)
    worker.take(log)
    worker.flush()
    found = Counter[str]()
    for cell, n in tables.counts().items():
        found[cell.measure] += n
    assert found == {"nps": 4, "recommend": 2}


@pytest.mark.parametrize("step", STEPS)
def test_a_flush_cut_short_binds_its_chunk(step: Step) -> None:
    log = log_of([answer()], timestamp_ms=NOW_MS)
    tables = upgraded(log, 1, step, chunk=4)
    # Before any row there is nothing to bind; no record was rejected.
    expected = folded(log, chunk=4, measures=NEW if step in ("nothing", "rejects") else OLD)
    assert tables.counts() == expected.counts()


def test_a_reject_alone_binds_its_chunk() -> None:
    log = log_of([answer(value_number=99.0), answer(response_id="r2")], timestamp_ms=NOW_MS)
    tables = upgraded(log, 2, "rejects", chunk=4)
    assert tables.counts() == folded(log, chunk=4, measures=OLD).counts()


def test_a_measure_that_changed_its_dimensions_is_taken_back_from_the_old_ones() -> None:
    newer = measures(2, "nps", '["channel"]')
    log = log_of([answer(), answer(revision=2, value_number=9.0)], timestamp_ms=NOW_MS)
    tables = Tables()
    worker = Worker(tables, 0, chunk=1, measures=OLD)
    worker.take(log[:1])
    worker.flush()
    worker = Worker(tables, 1, chunk=1, measures=newer, definitions={1: OLD, 2: newer})
    worker.take(log[1:])
    rows = worker.fold.drain().slices
    columns = slice_columns(rows, ("feedback.responses", 0, 0))
    names = TABLES["slices"].columns
    written = [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]
    found = {(*row["dimensions"], row["touchpoint"], row["channel"]): row["n"] for row in written}
    assert found == {("touchpoint", "checkout", ""): -1, ("channel", "", "EMAIL"): 1}
    assert len({row["series"] for row in written}) == 2
