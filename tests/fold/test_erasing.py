"""Erasures are events of the log: wherever they stand, and whatever happens, the tables end the same."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.measures import Measures
from streams.fold.cells import Cell
from streams.fold.erasing import Erasure, ErasureRecord, Mode
from streams.fold.kinds import KINDS
from streams.fold.partition import Decoded
from tests.builders import ANSWERS, NOW_MS, answer, record_for
from tests.fold.model import (
    ERASURE_STEPS,
    MEASURES,
    STEPS,
    UNLIMITED,
    ErasureStep,
    Logged,
    Tables,
    Worker,
    folded,
    restart_at,
)
from tests.fold.test_histories import INTERACTIONS, INVITATIONS, NEW, OLD, RECORDS

FOLLOWUPS = "feedback.followups"
BROKER_MS = NOW_MS + 30 * 86_400_000

FOLLOWED = st.builds(
    lambda event, customer: record_for(FOLLOWUPS, event_id=event, customer_id=customer),
    st.sampled_from(["e1", "e2", "e3", "e4"]),
    st.sampled_from(["c1", "c2", None]),
)
ALL_RECORDS = {**RECORDS, FOLLOWUPS: FOLLOWED}
TOPICS = st.sampled_from([ANSWERS, INVITATIONS, INTERACTIONS, FOLLOWUPS])


def erasure(name: str = "c1", mode: Mode = "keep") -> Erasure:
    return Erasure(f"c:{name}", "customer", mode)


ERASURES = st.builds(
    erasure, st.sampled_from(["c1", "c1", "c2", "nobody"]), st.sampled_from(["keep", "drop"])
)


@st.composite
def erased_logs(draw: st.DrawFn, topic: str) -> list[Logged]:
    """Return records with erasures between them, and holes."""
    one = st.one_of(*[ALL_RECORDS[topic]] * 4, ERASURES)
    log: list[Logged] = []
    offset = draw(st.integers(0, 3))
    for content in draw(st.lists(one, max_size=28)):
        log.append(placed(offset, content))
        offset += draw(st.sampled_from([1, 1, 1, 1, 1, 2, 5]))
    return log


def placed(offset: int, content: Any) -> Logged:
    if isinstance(content, Erasure):
        return ErasureRecord(offset, BROKER_MS, content)
    return Decoded(offset, BROKER_MS, content)


def logged(*contents: Any) -> list[Logged]:
    return [placed(offset, content) for offset, content in enumerate(contents)]


STORIES = st.lists(
    st.one_of(
        *[st.tuples(st.just("take"), st.integers(1, 7))] * 3,
        st.tuples(st.just("flush"), st.just(0)),
        st.tuples(st.just("crash"), st.just(0)),
        st.tuples(st.just("die"), st.sampled_from(STEPS)),
        *[st.tuples(st.just("die erasing"), st.sampled_from(ERASURE_STEPS))] * 2,
        st.tuples(st.just("stall"), st.sampled_from(ERASURE_STEPS)),
        st.tuples(st.just("zombie"), st.integers(0, 7)),
        st.tuples(st.just("wake"), st.integers(0, 7)),
        st.tuples(st.just("replay"), st.just(0)),
    ),
    max_size=20,
)


class Told:
    """A story: workers that come and go over one log and one set of tables."""

    def __init__(
        self, topic: str, log: list[Logged], *, chunk: int, limit: int, measures: Measures
    ) -> None:
        self.tables = Tables(KINDS[topic])
        self._log = log
        self._chunk, self._limit, self._measures = chunk, limit, measures
        self._committed = 0
        self._zombies: list[Worker] = []
        self._worker = self._reborn()

    def happens(self, what: str, how: Any) -> None:
        worker = self._worker
        match what:
            case "take":
                worker.take(self._ahead(worker, how))
            case "flush":
                worker.flush()
            case "die":
                worker.die_in_flush(how)
                self._next_worker()
            case "die erasing":
                worker.take(self._ahead(worker), stall=how)
                self._next_worker()
            case "stall":  # another one owns the partition when it goes on
                worker.take(self._ahead(worker), stall=how)
                self._zombies.append(worker)
                self._next_worker()
            case "zombie":
                self._zombies.append(worker)
                self._next_worker()
            case "crash":
                self._next_worker()
            case "wake":
                for zombie in self._zombies:
                    zombie.go_on()
                    zombie.take(self._ahead(zombie, how))
                    zombie.flush()  # its commit is refused
            case "replay":
                self._committed = 0
                self._worker = self._reborn()

    def end(self) -> Tables:
        self._worker.take(self._ahead(self._worker))
        self._worker.flush()
        for zombie in self._zombies:
            zombie.go_on()
            zombie.flush()
        return self.tables

    def _next_worker(self) -> None:
        self._committed = max(self._committed, self._worker.committed)
        self._worker = self._reborn()

    def _reborn(self) -> Worker:
        start = restart_at(self._committed, self._chunk)
        return Worker(
            self.tables, start, chunk=self._chunk, limit=self._limit,
            customer_limit=self._limit, measures=self._measures,
        )  # fmt: skip

    def _ahead(self, worker: Worker, n: int = UNLIMITED) -> list[Logged]:
        return [record for record in self._log if record.offset >= worker.fold.position][:n]


@settings(deadline=None, max_examples=250)
@given(
    topic=TOPICS,
    data=st.data(),
    chunk=st.sampled_from([4, 8]),
    story=STORIES,
    limit=st.sampled_from([0, 2, UNLIMITED]),
)
def test_any_story_ends_in_the_tables_of_a_quiet_run(
    topic: str, data: st.DataObject, chunk: int, story: list[tuple[str, Any]], limit: int
) -> None:
    log = data.draw(erased_logs(topic))
    told = Told(topic, log, chunk=chunk, limit=limit, measures=OLD)
    for what, how in story:
        told.happens(what, how)
    assert told.end() == folded(log, chunk=chunk, topic=topic, measures=OLD)


@settings(deadline=None, max_examples=150)
@given(topic=TOPICS, data=st.data(), chunk=st.sampled_from([4, 8, 64]))
def test_counts_are_those_of_the_rows_that_are_left_and_of_what_was_kept(
    topic: str, data: st.DataObject, chunk: int
) -> None:
    """What `earshot verify` checks."""
    log = data.draw(erased_logs(topic))
    tables = folded(log, chunk=chunk, topic=topic, measures=OLD)
    expected = recount(tables)
    for key, (n, mode) in tables.erased_counts.items():
        if mode == "keep":
            expected[key.cell] += n
    assert tables.counts() == Counter({cell: n for cell, n in expected.items() if n})
    fates = tables.fates()
    assert sum(fates.values()) == len(log)
    erased = sum(rows for _, rows, _ in tables.erasures.values())
    assert len(tables.raw) == (
        fates["accepted"] + fates["corrected"] - len(tables.erasures) - erased
    )


@settings(deadline=None, max_examples=100)
@given(topic=TOPICS, data=st.data())
def test_nothing_is_left_of_a_subject_from_before_its_erasure(
    topic: str, data: st.DataObject
) -> None:
    log = data.draw(erased_logs(topic))
    tables = folded(log, chunk=8, topic=topic, measures=OLD)
    for record in log:
        if isinstance(record, ErasureRecord):
            subject = record.erasure.subject
            held = [row.offset for row in tables.raw.values() if tables.subject_of(row) == subject]
            held += [row.version for row in tables.conversations.values() if row.subject == subject]
            assert all(offset > record.offset for offset in held)


@settings(deadline=None, max_examples=100)
@given(
    topic=TOPICS, data=st.data(), changed=st.integers(0, 4), limit=st.sampled_from([0, UNLIMITED])
)
def test_when_everybody_is_dropped_nothing_is_counted(
    topic: str, data: st.DataObject, changed: int, limit: int
) -> None:
    """Also what several versions of the definitions counted."""
    named = ALL_RECORDS[topic].filter(lambda record: bool(record["customer_id"]))
    records = data.draw(st.lists(st.one_of(named, named, named, ERASURES), max_size=20))
    log = logged(*records, erasure("c1", "drop"), erasure("c2", "drop"))
    tables = Tables(KINDS[topic])
    worker = Worker(tables, 0, chunk=4, measures=OLD, customer_limit=limit, limit=limit)
    worker.take(log[: changed * 4])
    worker.flush()
    worker = Worker(
        tables, changed * 4, chunk=4, measures=NEW, definitions={1: OLD, 2: NEW},
        customer_limit=limit, limit=limit,
    )  # fmt: skip
    worker.take([record for record in log if record.offset >= worker.fold.position])
    worker.flush()
    assert tables.raw == {}
    kept: Counter[Cell] = Counter()
    for key, (n, mode) in tables.erased_counts.items():
        if mode == "keep":
            kept[key.cell] += n
    assert tables.counts() == Counter({cell: n for cell, n in kept.items() if n})


def recount(tables: Tables) -> Counter[Cell]:
    """Return the counts of the raw rows as if nothing else had ever been in the log."""
    rows: list[Logged] = [
        Decoded(row.offset, row.timestamp_ms, row.record)
        for row in sorted(tables.raw.values(), key=lambda row: row.offset)
    ]
    return folded(rows, chunk=8, topic=tables.kind.topic, measures=OLD).counts()


def buckets(tables: Tables) -> dict[tuple[str, int], int]:
    found: Counter[tuple[str, int]] = Counter()
    for cell, n in tables.counts().items():
        found[cell.measure, cell.bucket] += n
    return {name: n for name, n in found.items() if n}


@pytest.mark.parametrize("mode", ["keep", "drop"])
def test_what_was_counted_is_kept_or_dropped(mode: Mode) -> None:
    log = logged(answer(), answer(response_id="r2", customer_id="c2"), erasure("c1", mode))
    left = buckets(folded(log, chunk=8))
    n = 2 if mode == "keep" else 1
    assert left == {("nps.relational", 9): n, ("nps.relational.customers", 9): n, ("answers", 0): n}


def test_a_record_that_comes_again_after_the_erasure_is_new() -> None:
    log = logged(answer(), erasure("c1", "drop"), answer(), answer(revision=2, value_number=3.0))
    tables = folded(log, chunk=8)
    assert tables.fates() == {"accepted": 2, "corrected": 2, "duplicate": 0, "rejected": 0}
    assert buckets(tables)["nps.relational", 3] == 1
    assert sorted(row.offset for row in tables.raw.values()) == [2, 3]


def test_a_revision_of_somebody_else_takes_its_place_again() -> None:
    """The customer's own revision had hidden it."""
    hidden = answer(customer_id=None, anonymous_id="somebody", value_number=2.0)
    log = logged(hidden, answer(revision=2, value_number=9.0), erasure("c1", "drop"))
    assert buckets(folded(log, chunk=8))["nps.relational", 2] == 1
    assert ("nps.relational", 9) not in buckets(folded(log, chunk=8))


def test_a_chunk_begins_where_an_erasure_stands() -> None:
    log = logged(*[answer(response_id=f"r{n}") for n in range(3)], erasure(), answer())
    tables = folded(log, chunk=8)
    assert {chunk: (row.first, row.last) for chunk, row in tables.ledgers.items()} == {
        0: (0, 2),
        3: (3, 4),
    }
    assert tables.ledgers[3].fates["corrected"] == 1


@pytest.mark.parametrize("step", ERASURE_STEPS)
@pytest.mark.parametrize("mode", ["keep", "drop"])
@pytest.mark.parametrize("limit", [0, UNLIMITED])
def test_a_crash_after_any_step_changes_nothing(step: ErasureStep, mode: Mode, limit: int) -> None:
    log = logged(
        answer(), answer(response_id="r2"), answer(response_id="r3", customer_id="c2"),
        erasure("c1", mode),
        answer(), answer(response_id="r3", customer_id="c2", revision=2, value_number=1.0),
    )  # fmt: skip
    told = Told(ANSWERS, log, chunk=8, limit=limit, measures=MEASURES)
    told.happens("die erasing", step)
    assert told.end() == folded(log, chunk=8)
