"""A customer is erased from earlier incarnations of a topic as well, on the real engine."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deploy.local.clickhouse import ClickHouseAccess
from schemas.registry import FileRegistry
from sinks.clickhouse import ClickHouse
from sinks.tables import TABLES
from streams.agents.asking import Asking
from streams.agents.erasing import Eraser
from streams.agents.flushing import Flusher
from streams.conditions import Conditions
from streams.epochs import Epoch, State
from streams.fold.erasing import Erasure, ErasureRecord, Mode
from streams.fold.kinds import KINDS
from streams.forgetting import wait_until_erased
from streams.replaying.driving import Unsaid
from streams.store import Store
from streams.traces import Traces
from streams.verifying.auditing import audit, partitions_of
from streams.verifying.scope import Scope
from streams.verifying.stored import Stored
from tests.builders import ANSWERS, NOW_MS, answer
from tests.databases import database_of_tables
from tests.fold.test_erasing import ALL_RECORDS, FOLLOWUPS
from tests.fold.test_histories import INTERACTIONS, INVITATIONS
from tests.verifying.conftest import Written

pytestmark = pytest.mark.clickhouse

REGISTRY = FileRegistry()
RAW = ("answers", "invitations", "interactions", "followups")

#: The epochs: an incarnation, a replay of it, the present incarnation, and a replay that is not finished.
EARLIER, RETIRED, PRESENT, SHADOW = 0, 1, 2, 3
STATES: dict[int, tuple[str, State]] = {
    EARLIER: ("a", "current"),
    RETIRED: ("a", "retired"),
    PRESENT: ("b", "current"),
    SHADOW: ("b", "shadow"),
}

#: Answers of three customers; the third corrects one of the first.
RECORDS = [
    answer(response_id=f"r{n % 8}", revision=1 + n // 8, customer_id=f"c{n % 3}",
           value_number=n % 11, responded_at=NOW_MS + n * 60_000)
    for n in range(11)
]  # fmt: skip


class CutError(Exception):
    """What was under way ends here, as when the worker is killed."""


class Killing:
    """Counts what is written and deleted, and ends it at one of these."""

    def __init__(self, at: int | None = None) -> None:
        self._left = at

    def passing(self) -> None:
        if self._left == 0:
            raise CutError
        if self._left is not None:
            self._left -= 1


class World:
    """A topic that was deleted and created again: one database, and who erases in it."""

    def __init__(self, clickhouse: ClickHouse, topic: str = ANSWERS) -> None:
        self.clickhouse, self.topic = clickhouse, topic
        self.name = clickhouse.address.database
        self.written = Written(clickhouse)
        self.store = Store(clickhouse)
        self._offsets = count()
        for table in TABLES:
            clickhouse.command(f"TRUNCATE TABLE {self.name}.{table}")
        self.store.write_epochs(
            [Epoch(topic, number, id_, 4, state) for number, (id_, state) in STATES.items()], 1.0
        )

    def fold(
        self, records: Sequence[dict[str, Any]], *, epoch: int = EARLIER, partition: int = 0
    ) -> None:
        self.written.fold(self.topic, records, epoch=epoch, partition=partition)

    def record(self, name: str, mode: Mode = "keep", request: str = "r") -> ErasureRecord:
        """Return a control record of the present log, in which nothing else stands."""
        erasure = Erasure(f"c:{name}", "customer", mode, request)
        return ErasureRecord(next(self._offsets), NOW_MS, erasure)

    def meet(
        self,
        record: ErasureRecord,
        *,
        epoch: int = PRESENT,
        partition: int = 0,
        killed_at: int | None = None,
    ) -> None:
        """Do what a worker does that meets a control record in the present log."""
        killing = Killing(killed_at)

        class Told(Unsaid):
            async def send(self, *_: Any) -> None:
                killing.passing()

        class Dying(Store):
            def write(self, *args: Any) -> int:
                killing.passing()
                return super().write(*args)

        class DyingTraces(Traces):
            def _delete(self, *args: Any) -> None:
                killing.passing()
                super()._delete(*args)

        async def no_wait(_: float) -> None:
            await asyncio.sleep(0)

        store = Dying(self.clickhouse)
        conditions = Conditions(lambda: 0.0)
        flusher = Flusher(
            store=store, outputs=Told(), registry=REGISTRY, worker="w", conditions=conditions,
            sleep=no_wait,
        )  # fmt: skip
        eraser = Eraser(
            store=store, traces=DyingTraces(self.clickhouse, store), flusher=flusher,
            ask=Asking(no_wait, conditions), sleep=no_wait,
        )  # fmt: skip
        origin = (self.topic, epoch, partition)
        asyncio.run(eraser.erase(origin, KINDS[self.topic], record))

    def go_on(self, record: ErasureRecord, partition: int = 0) -> None:
        """Do what the worker does next: it says in the ledger that it has passed the record."""
        self.clickhouse.command(
            f"INSERT INTO {self.name}.ledger "
            "(_topic, _epoch, _partition, _chunk, first, last, read, corrected) "
            f"SELECT '{self.topic}', {PRESENT}, {partition}, {record.offset}, {record.offset}, "
            f"{record.offset}, 1, 1"
        )

    def erase(self, name: str, mode: Mode = "keep", request: str = "r") -> None:
        record = self.record(name, mode, request)
        self.meet(record)
        self.go_on(record)

    def audited(self) -> tuple[int, list[Any], list[Any]]:
        """Return how many cells differ, what does not add up, and what could not be checked."""
        stored = Stored(self.clickhouse)
        found = audit(stored, Scope(), partitions_of(stored, Scope()), lambda _: None)
        return found.different, found.findings, found.unchecked

    def names(self, epoch: int = EARLIER) -> set[str]:
        """Return who is named in raw rows or conversations of an epoch."""
        return {
            name
            for table in (*RAW, "conversations")
            for (name,) in self.clickhouse.rows(
                f"SELECT DISTINCT customer_id FROM {self.name}.{table} WHERE _epoch = {epoch}"
            )
        }

    def counts(self, epoch: int = EARLIER) -> list[tuple[Any, ...]]:
        return self.clickhouse.rows(
            "SELECT measure, series, slice_start, bucket, sum(n) AS total "
            f"FROM {self.name}.slices FINAL WHERE _epoch = {epoch} "
            "GROUP BY ALL HAVING total != 0 ORDER BY ALL"
        )

    def tables(self) -> dict[str, list[Any]]:
        """Return all that erasing writes or deletes."""
        return {
            table: sorted(
                self.clickhouse.rows(f"SELECT * FROM {self.name}.{table} FINAL"), key=repr
            )
            for table in ("answers", "rejects", "slices", "erased_counts", "erasures")
        }

    def reject(self, key: bytes, *, epoch: int = EARLIER, partition: int = 0) -> None:
        row: tuple[Any, ...]
        row = (self.topic, epoch, partition, 99, NOW_MS, "empty", "", None, key, b"", [], 0, "", 0)
        self.store.write("rejects", [[value] for value in row])


@pytest.fixture(scope="module")
def connection(clickhouse: ClickHouseAccess) -> Iterator[ClickHouse]:
    with database_of_tables(clickhouse) as one:
        yield one


@pytest.fixture
def world(connection: ClickHouse) -> World:
    return World(connection)


def folded(world: World) -> None:
    """Have the earlier incarnation hold two partitions, of which the present one may lack one."""
    world.fold(RECORDS)
    world.fold(
        [one | {"response_id": f"of 5 {one['response_id']}"} for one in RECORDS], partition=5
    )


@pytest.mark.parametrize("modes", [("keep", "keep"), ("keep", "drop"), ("drop", "drop")])
def test_two_customers_one_after_the_other(world: World, modes: tuple[Mode, Mode]) -> None:
    folded(world)
    before = world.counts()
    for name, mode in zip(("c0", "c1"), modes, strict=True):
        world.erase(name, mode)
        assert world.audited() == (0, [], [])
    assert world.names() == {"c2"}
    rows = f"SELECT sum(rows) FROM {world.name}.erasures FINAL WHERE _epoch = {EARLIER}"
    assert world.clickhouse.rows(rows) == [(2 * 8,)]
    assert (world.counts() == before) == (modes == ("keep", "keep"))


def test_dropped_counts_are_those_of_logs_without_the_customer(world: World) -> None:
    folded(world)
    others = [one for one in RECORDS if one["customer_id"] != "c0"]
    world.fold(others, epoch=SHADOW)
    world.fold(
        [one | {"response_id": f"of 5 {one['response_id']}"} for one in others],
        epoch=SHADOW, partition=5,
    )  # fmt: skip
    assert world.counts() != world.counts(SHADOW)
    world.erase("c0", "drop")
    assert world.counts() == world.counts(SHADOW)


@settings(
    deadline=None, max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    topic=st.sampled_from([ANSWERS, INVITATIONS, INTERACTIONS, FOLLOWUPS]),
    data=st.data(),
    modes=st.tuples(st.sampled_from(["keep", "drop"]), st.sampled_from(["keep", "drop"])),
)
def test_whatever_was_folded_the_books_balance(
    connection: ClickHouse, topic: str, data: st.DataObject, modes: tuple[Mode, Mode]
) -> None:
    world = World(connection, topic)
    for partition in (0, 3):
        records = data.draw(st.lists(ALL_RECORDS[topic], min_size=4, max_size=16))
        world.fold(records, partition=partition)
    for name, mode in zip(("c1", "c2"), modes, strict=True):
        world.erase(name, mode)
        assert world.audited() == (0, [], [])
        assert name not in world.names()


@pytest.mark.parametrize("mode", ["keep", "drop"])
def test_a_worker_killed_anywhere_leaves_the_rest_to_the_next(world: World, mode: Mode) -> None:
    def begin() -> World:
        one = World(world.clickhouse)
        one.fold(RECORDS[:6])
        one.fold(RECORDS[6:], partition=5)
        one.reject(b"c0")
        return one

    undisturbed = begin()
    undisturbed.meet(undisturbed.record("c0", mode))
    wanted = undisturbed.tables()
    for step in count(1):
        one = begin()
        record = one.record("c0", mode)
        try:
            one.meet(record, killed_at=step)
        except CutError:
            assert one.tables() != wanted
            # Nothing is claimed of what is half done.
            assert one.audited()[:2] == (0, [])
            one.meet(record)
            assert one.tables() == wanted, f"killed at step {step}"
        else:
            break
    assert step > 10, "it was never killed between two partitions"


def test_the_same_record_once_more_is_no_further_erasure(world: World) -> None:
    folded(world)
    record = world.record("c0", "drop")
    world.meet(record)
    wanted = world.tables()
    world.meet(record)
    assert world.tables() == wanted
    # Another request for the same customer finds nothing, and takes nothing back.
    world.go_on(record)
    counts = world.counts()
    world.erase("c0", "drop", "another")
    assert world.counts() == counts
    assert world.audited() == (0, [], [])


def test_a_replay_that_is_shown_by_now_recognises_what_was_erased_before_it(world: World) -> None:
    folded(world)

    def erased_earlier() -> list[Any]:
        return [row for row in world.tables()["erasures"] if row[1] == EARLIER]

    record = world.record("c0", "drop")
    world.meet(record)
    wanted = erased_earlier()
    assert len(wanted) == 2
    world.store.write_epochs(
        [Epoch(ANSWERS, PRESENT, "b", 4, "retired"), Epoch(ANSWERS, SHADOW, "b", 4, "current")], 2.0
    )
    world.meet(record, epoch=SHADOW)
    assert erased_earlier() == wanted


def test_one_partition_of_the_present_log_reaches_them_all(world: World) -> None:
    folded(world)
    world.reject(b"c0")
    world.reject(b"c1", partition=7)  # of this one nothing else is stored
    record = world.record("c0")
    world.meet(record, partition=1)
    assert "c0" in world.names()
    world.meet(record)
    assert world.names() == {"c1", "c2"}
    assert [row[8] for row in world.tables()["rejects"]] == ["c1"]
    world.erase("c1")
    assert world.tables()["rejects"] == []


def test_what_no_view_shows_goes_if_it_is_finished(world: World) -> None:
    world.fold(RECORDS, epoch=RETIRED)
    world.fold(RECORDS, epoch=SHADOW)
    world.erase("c0", "drop")
    assert world.names(RETIRED) == {"c1", "c2"}
    # A replay under way meets the record itself, and must find all that it has counted.
    assert world.names(SHADOW) == {"c0", "c1", "c2"}
    assert world.clickhouse.rows(
        f"SELECT DISTINCT _epoch FROM {world.name}.erasures"
    ) == [(PRESENT,)]  # fmt: skip


def test_a_replay_under_way_touches_nothing_that_is_shown(world: World) -> None:
    folded(world)
    world.store.write_epochs([Epoch(ANSWERS, PRESENT, "b", 4, "shadow")], 2.0)
    world.meet(world.record("c0", "drop"))
    assert world.names() == {"c0", "c1", "c2"}


def test_a_later_incarnation_is_not_reached(world: World) -> None:
    # A worker that has slept through the end of its topic wakes, and meets a record of the old log.
    world.fold(RECORDS, epoch=SHADOW)
    world.store.write_epochs([Epoch(ANSWERS, SHADOW, "c", 4, "current")], 2.0)
    world.meet(world.record("c0"))
    assert world.names(SHADOW) == {"c0", "c1", "c2"}


def test_rows_a_flush_left_that_was_cut_short_go_and_were_never_counted(world: World) -> None:
    world.fold(RECORDS[:8])
    world.written.fold(ANSWERS, RECORDS, steps=("raw",))
    world.erase("c0", "drop")
    assert world.names() == {"c1", "c2"}
    assert world.audited() == (0, [], [])


def test_until_the_record_is_passed_the_erasure_is_under_way(world: World) -> None:
    folded(world)
    record = world.record("c0")
    with pytest.raises(CutError):
        world.meet(record, killed_at=5)  # written down for the first of the earlier partitions
    assert "c0" in world.names()
    different, findings, unchecked = world.audited()
    assert (different, findings) == (0, [])
    assert [(one.partition.epoch, one.partition.number) for one in unchecked] == [(EARLIER, 0)]
    world.meet(record)
    world.go_on(record)
    assert world.audited() == (0, [], [])


def test_the_command_counts_what_was_erased_in_earlier_incarnations(world: World) -> None:
    folded(world)
    world.erase("c1", request="somebody else's")
    world.erase("c0", request="this one")
    ((topic, erased),) = wait_until_erased(
        world.clickhouse, "this one", {ANSWERS: 1}, limit_s=0
    ).items()
    assert (topic, erased.partitions, erased.rows) == (ANSWERS, 1, 8)
    assert erased.cells > 0
