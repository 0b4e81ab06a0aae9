"""The tables are a function of the log: however it was read, flushed, lost and read again."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.measures import Measures
from streams.fold.kinds import KINDS
from streams.fold.partition import Decoded
from tests.builders import ANSWERS, NOW_MS, answer
from tests.fold import oracle
from tests.fold.model import (
    MEASURES,
    STEPS,
    UNLIMITED,
    Tables,
    Worker,
    folded,
    log_of,
    restart_at,
)
from tests.fold.strategies import logs

CHUNKS = st.sampled_from([4, 8])
LIMITS = st.sampled_from([0, 1, 5, UNLIMITED])

TAKE = st.tuples(st.just("take"), st.integers(1, 7))
FLUSH = st.tuples(st.just("flush"), st.just(0))
CRASH = st.tuples(st.just("crash"), st.just(0))
DIE = st.tuples(st.just("die"), st.sampled_from(STEPS))
AGAIN = st.tuples(st.just("again"), st.integers(1, 9))
ZOMBIE = st.tuples(st.just("zombie"), st.integers(0, 7))
WAKE = st.tuples(st.just("wake"), st.integers(0, 7))

#: What may happen to a worker while it reads.
STORIES = st.lists(st.one_of(TAKE, TAKE, TAKE, FLUSH, CRASH, DIE, AGAIN, ZOMBIE, WAKE), max_size=25)

Story = list[tuple[str, Any]]


def told(
    log: list[Decoded],
    story: Story,
    *,
    chunk: int,
    limit: int = UNLIMITED,
    customers: int = UNLIMITED,
    topic: str = ANSWERS,
    measures: Measures = MEASURES,
) -> Tables:
    """Return the tables after a story, and a quiet end."""
    tables = Tables(KINDS[topic])
    committed = 0
    zombies: list[Worker] = []

    def ahead(one: Worker, n: int) -> list[Decoded]:
        return [record for record in log if record.offset >= one.fold.position][:n]

    def reborn() -> Worker:
        start = restart_at(committed, chunk)
        return Worker(
            tables, start, chunk=chunk, limit=limit, customer_limit=customers, measures=measures
        )

    worker = reborn()

    for what, how in story:
        match what:
            case "take":
                worker.take(ahead(worker, how))
            case "flush":
                committed = max(committed, worker.flush())
            case "crash":
                worker = reborn()
            case "die":
                worker.die_in_flush(how)
                worker = reborn()
            case "again":
                position = worker.fold.position
                worker.take([r for r in log if position - how <= r.offset < position + how])
            case "zombie":  # it lost the partition, and does not know it yet
                zombies.append(worker)
                worker = reborn()
            case "wake":
                for zombie in zombies:
                    zombie.take(ahead(zombie, how))
                    zombie.flush()  # its commit is refused
    worker.take(ahead(worker, len(log)))
    worker.flush()
    for zombie in zombies:
        zombie.flush()
    return tables


@settings(deadline=None, max_examples=200)
@given(log=logs(), chunk=CHUNKS, story=STORIES)
def test_any_story_ends_in_the_tables_of_a_quiet_run(
    log: list[Decoded], chunk: int, story: Story
) -> None:
    assert told(log, story, chunk=chunk) == folded(log, chunk=chunk)


@settings(deadline=None, max_examples=200)
@given(log=logs(ids=8), chunk=CHUNKS, story=STORIES, limit=LIMITS)
def test_a_small_memory_changes_nothing(
    log: list[Decoded], chunk: int, story: Story, limit: int
) -> None:
    assert told(log, story, chunk=chunk, limit=limit) == folded(log, chunk=chunk)


@settings(deadline=None, max_examples=60)
@given(log=logs(), chunk=CHUNKS, story=STORIES)
def test_a_replay_into_full_tables_changes_nothing(
    log: list[Decoded], chunk: int, story: Story
) -> None:
    tables = told(log, story, chunk=chunk)
    for batch in (1, 3, 1000):
        again = Worker(tables, 0, chunk=chunk, limit=1)
        for start in range(0, len(log), batch):
            again.take(log[start : start + batch])
            again.flush()
    assert tables == folded(log, chunk=chunk)


@settings(deadline=None, max_examples=100)
@given(log=logs(), chunk=CHUNKS, story=STORIES, other=st.sampled_from([2, 16, 64]))
def test_the_counts_are_those_of_the_oracle_for_any_size_of_chunk(
    log: list[Decoded], chunk: int, story: Story, other: int
) -> None:
    expected = oracle.counts(log)
    assert told(log, story, chunk=chunk).counts() == expected
    assert folded(log, chunk=other).counts() == expected


def test_a_small_memory_does_look_up() -> None:
    # Otherwise the laws above would not test what they say.
    log = log_of([answer(response_id=f"r{n % 6}") for n in range(24)], timestamp_ms=NOW_MS)
    tables = Tables()
    worker = Worker(tables, 0, chunk=4, limit=1)
    for start in range(0, 24, 4):
        worker.take(log[start : start + 4])
        worker.flush()
        assert len(worker.fold.known) <= 5  # the limit, and what the chunk just read
    assert worker.lookups == 5
    assert tables.fates() == {"accepted": 6, "corrected": 0, "duplicate": 18, "rejected": 0}


def test_whoever_read_less_loses_however_late_it_writes() -> None:
    # All records touch the same cells, so that every one of them makes a new total.
    log = log_of([answer(response_id=f"r{n}") for n in range(8)], timestamp_ms=NOW_MS)
    for read in range(1, 8):
        tables = Tables()
        zombie = Worker(tables, 0, chunk=8)
        zombie.take(log[:read])
        worker = Worker(tables, 0, chunk=8)
        worker.take(log[: read + 1])
        worker.flush()
        zombie.flush()
        assert tables == folded(log[: read + 1], chunk=8)


def test_what_was_handed_out_does_not_change_when_folding_goes_on() -> None:
    # A flush is written while the next records are folded; it must not claim those.
    log = log_of([answer(response_id=f"r{n}") for n in range(6)], timestamp_ms=NOW_MS)
    worker = Worker(Tables(), 0, chunk=4)
    worker.take(log[:2])
    drained = worker.fold.drain()
    worker.take(log[2:])
    tables = Tables()
    tables.write(drained, [])
    assert tables == folded(log[:2], chunk=4)
