"""The intake with everything around it in memory: the order of a flush, and what failures leave."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from schemas.errors import EarshotError, StreamError
from sinks.clickhouse import SinkRefused, SinkUnavailable
from streams.batch import Batch
from streams.fold.rejection import Rejection
from tests.worker.world import OTHER, TP, World, batch, intake_in, run

FLUSH = ["rejects", "feedback.rejects", "answers", "slices", "feedback.slices", "ledger", "durable"]


async def test_a_flush_has_one_order() -> None:
    world = World()
    intake = intake_in(world)
    await intake.take(batch(run(0, 5, bad=True)), world)
    assert world.steps == []
    await intake.flush(world)
    assert [step[0] for step in world.steps] == FLUSH
    assert ("answers", 4) in world.steps
    assert world.steps[-1] == ("durable", 0, 5)
    world.steps.clear()
    await intake.flush(world)
    assert world.steps == []


@pytest.mark.parametrize("where", FLUSH[:-1])
@pytest.mark.parametrize("times", [1, 4])
async def test_whatever_does_not_answer_is_asked_again(where: str, times: int) -> None:
    world = World()
    failure: Callable[[], EarshotError] = (
        (lambda: StreamError("no broker")) if "." in where else (lambda: SinkUnavailable("down"))
    )
    world.failures[where] = [failure() for _ in range(times)]
    intake = intake_in(world)
    await intake.take(batch(run(0, 5, bad=True)), world)
    await intake.flush(world)
    assert [step[0] for step in world.steps] == FLUSH


@pytest.mark.parametrize("where", ["answers", "slices", "rejects", "ledger"])
async def test_a_missing_table_is_waited_for_and_told(where: str) -> None:
    world = World()
    world.failures[where] = [SinkRefused("no such table", code=60) for _ in range(3)]
    intake = intake_in(world)
    await intake.take(batch(run(0, 5, bad=True)), world)
    await intake.flush(world)
    assert [step[0] for step in world.steps] == FLUSH
    assert world.told == ["clickhouse_refuses"] * 2, "told from the first time on"
    assert not world.conditions.waiting()


async def test_a_row_clickhouse_does_not_take_is_a_reject_and_the_others_count() -> None:
    world = World()
    world.poison = "0-3"
    intake = intake_in(world)
    some = [run(0, 5), run(5, 7)]
    world.log = {one.offset: one for part in some for one in part.records}
    await intake.take(batch(*some), world)
    await intake.flush(world)
    assert world.rejected == {3: Rejection("refused_by_clickhouse", "the table answers")}
    assert "durable" not in [step[0] for step in world.steps], "it was counted: fold again"
    assert world.steps[-1] == ("rewind", 0, 0)
    world.steps.clear()
    await intake.take(batch(*some), world)
    await intake.flush(world)
    assert ("answers", 6) in world.steps
    assert world.steps[-1] == ("durable", 0, 7)


async def test_if_clickhouse_takes_no_row_at_all_it_is_not_the_rows() -> None:
    world = World()
    world.failures["answers"] = [SinkRefused("it does not fit", code=53) for _ in range(40)]
    intake = intake_in(world)
    await intake.take(batch(run(0, 8), run(8, 16)), world)
    await intake.flush(world)
    assert not world.rejected
    assert world.steps[-1] == ("durable", 0, 16), "it went on once the table was mended"


async def test_a_flush_that_is_cancelled_loses_nothing() -> None:
    world = World()
    world.blocked = asyncio.Event()
    intake = intake_in(world)
    await intake.take(batch(run(0, 5, bad=True)), world)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await intake.flush(world)
    assert "durable" not in [step[0] for step in world.steps]
    world.blocked.set()
    world.steps.clear()
    await intake.take(batch(run(5, 6)), world)
    await intake.flush(world)
    assert ("answers", 5) in world.steps
    assert ("rejects", 1) in world.steps
    assert world.steps[-1] == ("durable", 0, 6)


async def test_rows_enough_are_flushed_before_their_time() -> None:
    world = World()
    intake = intake_in(world, flush_rows=6)
    await intake.take(batch(run(0, 5)), world)
    assert world.steps == []
    await intake.take(batch(run(5, 7)), world)
    assert world.steps[-1] == ("durable", 0, 7)


async def test_a_run_that_was_missed_is_read_again() -> None:
    world = World()
    intake = intake_in(world)
    await intake.take(batch(run(0, 3)), world)
    await intake.take(batch(run(5, 8)), world)
    assert world.steps == [("rewind", 0, 3)]
    await intake.take(batch(run(3, 8)), world)
    await intake.flush(world)
    assert ("answers", 8) in world.steps


async def test_a_run_of_a_partition_that_was_revoked_is_dropped() -> None:
    world = World()
    intake = intake_in(world)
    await intake.take(batch(run(0, 3), run(0, 3, tp=OTHER)), world)
    intake.give_up([TP])
    del world.starts[TP]
    await intake.take(batch(run(3, 5)), world)
    await intake.flush(world)
    assert [step for step in world.steps if step[0] in ("answers", "durable")] == [
        ("answers", 3),
        ("durable", 1, 3),
    ]


@pytest.mark.parametrize("flushed", [True, False])
@pytest.mark.parametrize("advanced", [True, False])
async def test_a_partition_that_comes_back_untouched_goes_on_where_it_was(
    flushed: bool, advanced: bool
) -> None:
    world = World()
    intake = intake_in(world)
    await intake.take(batch(run(0, 5)), world)
    if flushed:
        await intake.flush(world)
    intake.give_up([TP])
    # Somebody else had it meanwhile, or it comes back in the next generation.
    world.ends[TP] = 7 if advanced else 5
    world.steps.clear()
    await intake.take(Batch(2, (run(0, 8),)), world)
    await intake.flush(world)
    kept = flushed and not advanced
    assert ("answers", 3 if kept else 8) in world.steps
    assert world.steps[-1] == ("durable", 0, 8)


async def test_what_was_given_to_somebody_else_is_not_kept() -> None:
    world = World()
    intake = intake_in(world)
    await intake.take(batch(run(0, 5), run(0, 5, tp=OTHER)), world)
    await intake.flush(world)
    intake.give_up([TP, OTHER])
    start = world.starts.pop(TP)
    await intake.take(Batch(2, (run(5, 6, tp=OTHER),)), world)
    world.starts[TP], world.ends[TP] = start, 5
    world.steps.clear()
    await intake.take(Batch(3, (run(0, 8),)), world)
    await intake.flush(world)
    assert ("answers", 8) in world.steps, "all of it: what was folded of it is gone"


async def test_a_partition_that_comes_back_is_folded_from_its_start() -> None:
    world = World()
    intake = intake_in(world)
    await intake.take(batch(run(0, 8), run(8, 10)), world)
    await intake.flush(world)
    intake.give_up([TP])
    world.starts[TP] = world.ends[TP] = 8
    world.steps.clear()
    # What was still on its way from before does not open the chunk in its middle.
    await intake.take(batch(run(10, 12)), world)
    assert world.steps == [("rewind", 0, 8)]
    await intake.take(batch(run(8, 12)), world)
    await intake.flush(world)
    assert ("answers", 4) in world.steps
    assert world.steps[-1] == ("durable", 0, 12)


async def test_a_partition_of_which_nothing_comes_is_read_again_where_the_ledger_ends() -> None:
    world = World()
    # As after ClickHouse was restored from a backup: Kafka has nothing that was not committed.
    world.starts[TP], world.ends[TP], world.begins[TP] = 16, 5, 16
    intake = intake_in(world)
    await intake.flush_if_due(world)
    assert ("rewind", TP.partition, 0) in world.steps, "the start of the chunk that holds offset 5"
    assert not [step for step in world.steps if step[:2] == ("rewind", OTHER.partition)]
    world.steps.clear()
    await intake.flush_if_due(world)
    assert not world.steps, "once is enough"
