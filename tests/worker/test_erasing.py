"""The order of an erasure, and what a worker does that an erasure has outrun."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from sinks.clickhouse import SinkUnavailable
from streams.batch import Run, TopicPartition
from streams.epochs import Epoch
from streams.fold.afterwards import Asked, afterwards
from streams.fold.cells import Cell
from streams.fold.erasing import Mode, Trace, headers_of
from streams.fold.known import Known
from tests.builders import ANSWERS, NOW_MS
from tests.worker.world import OTHER, TP, World, batch, intake_in, run

ORIGIN = (ANSWERS, 0, TP.partition)
IDENTITY = ("shop", "0-1", "q1")
CELL = Cell("answers", ("touchpoint",), ("checkout",), 0, 0)
TRACE = Trace(1, {CELL: 1}, 1, {IDENTITY: None})


def control(offset: int, mode: Mode = "keep", *, tp: TopicPartition = TP, **other: Any) -> Run:
    """Return a run of one control record."""
    fields: dict[str, Any] = {
        "key": b"c1",
        "value": None,
        "headers": headers_of("customer", mode, "r"),
    } | other
    return Run(tp, offset, [SimpleNamespace(offset=offset, timestamp=NOW_MS, **fields)])


def joined(*runs: Run) -> Run:
    return Run(runs[0].tp, runs[0].start, [record for one in runs for record in one.records])


def steps_after(world: World, position: int) -> list[tuple[Any, ...]]:
    """Return the steps after a position was durable."""
    return world.steps[world.steps.index(("durable", 0, position)) + 1 :]


@pytest.mark.parametrize("mode", ["keep", "drop"])
async def test_an_erasure_has_one_order(mode: Mode) -> None:
    world = World()
    world.trace = TRACE
    intake = intake_in(world)
    await intake.take(batch(joined(run(0, 3), control(3, mode), run(4, 6))), world)
    dropped = [("slices", 1), ("feedback.slices", 1)] if mode == "drop" else []
    erased = [("erased_counts", 1), *dropped, ("erasures", 1), ("delete", 3)]
    assert steps_after(world, 3) == [("read traces", 3), *erased]
    world.steps.clear()
    await intake.flush(world)
    assert world.steps[0] == ("answers", 2)
    assert world.steps[-1] == ("durable", 0, 6)


@pytest.mark.parametrize("where", ["read traces", "erased_counts", "erasures", "delete"])
async def test_what_does_not_answer_while_erasing_is_asked_again(where: str) -> None:
    world = World()
    world.trace = TRACE
    world.failures[where] = [SinkUnavailable("down"), SinkUnavailable("still down")]
    intake = intake_in(world)
    await intake.take(batch(joined(run(0, 3), control(3))), world)
    names = [step[0] for step in steps_after(world, 3)]
    assert names == ["read traces", "erased_counts", "erasures", "delete"]


async def test_an_erasure_that_is_written_down_is_only_finished() -> None:
    world = World()
    world.trace = TRACE
    world.erasures[ORIGIN] = 3
    intake = intake_in(world)
    # The consumer begins where the chunk does; all before the erasure is durable.
    await intake.take(batch(joined(run(0, 3), control(3), run(4, 6))), world)
    assert world.steps == [("read traces", 3), ("delete", 3)]
    await intake.flush(world)
    assert world.steps[2] == ("answers", 2)


async def test_a_worker_that_an_erasure_has_outrun_writes_nothing() -> None:
    world = World()
    world.log[2] = control(2).records[0]
    intake = intake_in(world)
    await intake.take(batch(run(0, 3)), world)
    world.erasures[ORIGIN] = 2  # somebody else was here
    await intake.flush(world)
    # An earlier attempt to write may have been cut short in the middle.
    assert world.steps == [("delete", 2), ("rewind", 0, 2)]
    world.steps.clear()
    await intake.take(batch(joined(control(2), run(3, 4))), world)
    await intake.flush(world)
    assert ("answers", 1) in world.steps
    assert world.steps[-1] == ("durable", 0, 4)


class Late(World):
    """Somebody else erases a customer while raw rows are written."""

    def write(self, table: str, columns: list[list[Any]]) -> int:
        if table == "answers":
            self.erasures[ORIGIN] = 2
        return super().write(table, columns)


@pytest.mark.parametrize("ours", [True, False])
async def test_an_erasure_in_the_middle_of_a_flush_ends_it(ours: bool) -> None:
    world = Late()
    world.log[2] = control(2).records[0]
    intake = intake_in(world)
    await intake.take(batch(run(0, 3)), world)
    if not ours:
        del world.starts[TP]
    await intake.flush(world)
    # Rows that were erased may have been among those it wrote.
    rewind = [("rewind", 0, 2)] if ours else []
    assert world.steps == [("answers", 3), ("delete", 2), *rewind]


async def test_an_erasure_the_log_does_not_keep_is_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    world = Late()
    intake = intake_in(world)
    await intake.take(batch(run(0, 3)), world)
    await intake.flush(world)
    assert world.steps == [("answers", 3), ("rewind", 0, 2)]
    assert "erasure_not_repeated" in capsys.readouterr().out


async def test_a_partition_of_somebody_else_is_not_read_again() -> None:
    world = World()
    world.log[2] = control(2).records[0]
    intake = intake_in(world)
    await intake.take(batch(run(0, 3)), world)
    world.erasures[ORIGIN] = 2
    del world.starts[TP]
    await intake.flush(world)
    assert world.steps == [("delete", 2)]


async def test_the_customer_is_new_after_the_erasure() -> None:
    world = World()
    world.trace = TRACE
    intake = intake_in(world)
    await intake.take(batch(run(0, 3)), world)
    fold = intake._own[TP].fold
    assert isinstance(fold.known.get(IDENTITY), Known)
    await intake.take(batch(control(3)), world)
    assert fold.known.get(IDENTITY) is None
    assert fold.known.get(("shop", "0-2", "q1")) is not None


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ({"headers": []}, "tombstone"),
        ({"headers": [("earshot-forget", b"please")]}, "malformed_forget"),
        ({"key": None}, "malformed_forget"),
        ({"key": b"\xff"}, "malformed_forget"),
    ],
)
async def test_a_record_without_a_value_that_asks_for_nothing_is_rejected(
    broken: dict[str, Any], reason: str
) -> None:
    class Noting(World):
        reasons: list[str]

        def write(self, table: str, columns: list[list[Any]]) -> int:
            if table == "rejects":
                self.reasons = columns[5]
            return super().write(table, columns)

    world = Noting()
    intake = intake_in(world)
    await intake.take(batch(joined(run(0, 1), control(1, **broken))), world)
    await intake.flush(world)
    assert world.reasons == [reason]
    assert "erasures" not in [step[0] for step in world.steps]


async def test_a_partition_that_must_be_folded_again_skips_what_follows_the_erasure() -> None:
    # The flush before an erasure finds that the topic is another one: what follows is not folded
    # onto a state that knows nothing of what came before.
    world = World()
    world.trace = TRACE
    intake = intake_in(world)
    await intake.take(batch(run(0, 2)), world)
    world.changed = {TP.topic}
    await intake.take(batch(joined(run(2, 3), control(3), run(4, 6))), world)
    assert world.steps == [("rewind", 0, 0)]
    await intake.flush(world)
    assert world.steps == [("rewind", 0, 0)], "nothing was folded"


#: A topic that was deleted and created again, and where an erasure at offset 3 stands in its old log.
RECREATED = [Epoch(ANSWERS, 0, "a", 8, "current"), Epoch(ANSWERS, 1, "b", 8, "current")]
AFTERWARDS = afterwards(Asked(1, 3))


def recreated() -> World:
    """Return a world in which two partitions of an earlier incarnation of the topic are stored."""
    world = World()
    world.trace = TRACE
    world.numbers = {ANSWERS: 1}
    world.written_epochs = RECREATED
    world.places = [(ANSWERS, 0, 0), (ANSWERS, 0, 5), (ANSWERS, 1, 0)]
    return world


async def test_earlier_incarnations_come_right_after_the_present_one() -> None:
    world = recreated()
    intake = intake_in(world)
    await intake.take(batch(joined(run(0, 3), control(3), run(4, 6))), world)
    counted = [("read traces", 0), ("erased_counts", 1), ("erasures", 1), ("delete", 2**62)]
    assert steps_after(world, 3) == [
        ("read traces", 3), ("erased_counts", 1), ("erasures", 1), ("delete", 3),
        *counted, *counted,
    ]  # fmt: skip
    assert world.erasures == {
        (ANSWERS, 1, 0): 3,
        (ANSWERS, 0, 0): AFTERWARDS,
        (ANSWERS, 0, 5): AFTERWARDS,
    }


async def test_a_record_met_again_finishes_earlier_incarnations_and_counts_nothing() -> None:
    world = recreated()
    world.erasures = {(ANSWERS, 1, 0): 3, (ANSWERS, 0, 0): AFTERWARDS}
    intake = intake_in(world)
    await intake.take(batch(joined(run(0, 3), control(3))), world)
    assert [step for step in world.steps if step[0] in ("erased_counts", "erasures")] == [
        ("erased_counts", 1),
        ("erasures", 1),
    ], "only for the partition of which it was not written down"
    assert world.erasures[ANSWERS, 0, 5] == AFTERWARDS
    assert [step for step in world.steps if step[0] == "delete"] == [
        ("delete", 3), ("delete", 2**62), ("delete", 2**62),
    ]  # fmt: skip


async def test_other_partitions_leave_earlier_incarnations_to_the_first() -> None:
    world = recreated()
    intake = intake_in(world)
    await intake.take(batch(control(0, tp=OTHER)), world)
    assert set(world.erasures) == {(ANSWERS, 1, 1)}


async def test_a_worker_that_slept_while_its_topic_was_replaced_reads_the_new_one() -> None:
    class Replaced(World):
        """The topic is created again, and a customer erased, while raw rows are written."""

        def write(self, table: str, columns: list[list[Any]]) -> int:
            if table == "answers" and not self.erasures:
                self.erasures[ORIGIN] = AFTERWARDS
                self.numbers, self.changed = {ANSWERS: 1}, {ANSWERS}
            return super().write(table, columns)

    world = Replaced()
    world.log[3] = control(3).records[0]
    intake = intake_in(world)
    await intake.take(batch(run(0, 3)), world)
    await intake.flush(world)
    # Never to where the erasure stands: there is no such offset in the new log.
    assert world.steps == [("answers", 3), ("delete", AFTERWARDS), ("rewind", 0, 0)]
    assert intake._own[TP].opened.origin == (ANSWERS, 1, 0)
