"""When a partition stops, what it says, and how it goes on. In memory; `tests/faults` has the real parts."""

from __future__ import annotations

import pytest

from schemas.framing import frame
from streams.agents.halting import RejectLimit
from streams.batch import Run
from streams.fold.rejection import Rejection
from tests.builders import answer
from tests.worker.world import ENCODER, OTHER, TP, World, batch, intake_in, record, run

FUTURE_SCHEMA = frame(4711, b"\x00")


def bad_run(start: int, end: int) -> Run:
    return Run(TP, start, [record(offset, b"") for offset in range(start, end)])


async def test_too_many_rejects_in_a_row_stop_a_partition_before_they_are_rejected() -> None:
    world = World()
    intake = intake_in(world, reject_run=4)
    await intake.take(batch(run(0, 3)), world)
    await intake.flush(world)
    world.steps.clear()
    await intake.take(batch(bad_run(3, 9), run(0, 2, tp=OTHER)), world)
    await intake.flush(world)
    condition = world.conditions.of(TP)
    assert condition is not None
    assert (condition.state, condition.reason) == ("stopped", "too_many_rejects")
    assert "earshot resume feedback.responses/0" in condition.cure
    assert not world.rejected
    assert ("pause", 0) in world.steps
    assert [step for step in world.steps if step[0] == "durable"] == [("durable", 1, 2)], (
        "the other partition goes on"
    )


async def test_a_stopped_partition_goes_on_once_it_may_reject() -> None:
    world = World()
    intake = intake_in(world, reject_run=4)
    await intake.take(batch(bad_run(0, 6)), world)
    world.now += 11
    await intake.flush_if_due(world)
    assert [step for step in world.steps if step[0] in ("rewind", "resume")] == [
        ("rewind", 0, 0),
        ("resume", 0),
    ]
    await intake.take(batch(bad_run(0, 6)), world)
    assert not world.rejected, "nothing was cured yet"
    world.allowances["rejects"] = 6
    world.now += 11
    await intake.flush_if_due(world)
    await intake.take(batch(bad_run(0, 6)), world)
    await intake.flush(world)
    assert sorted(world.rejected) == [0, 1, 2, 3, 4, 5]
    condition = world.conditions.of(TP)
    assert condition is not None
    assert condition.state == "running"


async def test_records_of_before_the_stop_are_passed_over_until_it_goes_on() -> None:
    world = World()
    intake = intake_in(world, reject_run=4)
    await intake.take(batch(bad_run(0, 6)), world)
    await intake.take(batch(run(6, 8)), world)
    await intake.flush(world)
    assert "answers" not in [step[0] for step in world.steps]


@pytest.mark.parametrize(
    ("good_and_bad", "exceeded"),
    [("ggggbbbb", False), ("gggbbbbb", True), ("bbbb" + "g" * 8, False), ("b" * 5, True)],
)
def test_limits_of_rejects(good_and_bad: str, exceeded: bool) -> None:
    limit = RejectLimit(5, 0.5, 8)
    found = [
        limit.add([offset], frozenset([offset]) if letter == "b" else frozenset())
        for offset, letter in enumerate(good_and_bad)
    ]
    assert any(found) == exceeded


def test_there_may_be_no_limit() -> None:
    limit = RejectLimit(0, 1.0, 10)
    assert not limit.add(range(1000), frozenset(range(1000)))


async def test_a_schema_may_be_registered_a_moment_later() -> None:
    world = World()
    intake = intake_in(world, unknown_schema_s=60)
    good = run(0, 2).records
    waiting = Run(TP, 0, [*good, record(2, FUTURE_SCHEMA), *run(3, 5).records])
    await intake.take(batch(waiting), world)
    await intake.flush(world)
    condition = world.conditions.of(TP)
    assert condition is not None
    assert condition.reason == "unknown_schema"
    assert "4711" in condition.what
    assert ("answers", 2) in world.steps, "what came before it counts"
    assert world.steps[-1] == ("durable", 0, 2)
    assert not world.rejected
    world.now += 6
    await intake.flush_if_due(world)
    assert ("rewind", 0, 2) in world.steps
    # Registered: here, the record is simply good now.
    registered = record(2, ENCODER.encode(answer(response_id="late")))
    await intake.take(batch(Run(TP, 2, [registered, *run(3, 5).records])), world)
    world.now += 11
    await intake.flush(world)
    assert world.steps[-1] == ("durable", 0, 5)
    assert not world.rejected


async def test_a_schema_that_never_comes_is_not_waited_for_for_ever() -> None:
    world = World()
    intake = intake_in(world, unknown_schema_s=60)
    waiting = Run(TP, 0, [record(0, FUTURE_SCHEMA), *run(1, 3).records])
    await intake.take(batch(waiting), world)
    world.now += 61
    await intake.flush_if_due(world)
    await intake.take(batch(waiting), world)
    await intake.flush(world)
    assert {offset: one.reason for offset, one in world.rejected.items()} == {0: "unknown_schema"}
    assert world.steps[-1] == ("durable", 0, 3)


async def test_what_was_rejected_for_its_schema_stays_so_when_its_chunk_is_folded_again() -> None:
    world = World()
    world.rejected = {1: Rejection("unknown_schema", "no schema has the id 9")}
    intake = intake_in(world)
    await intake.take(batch(run(0, 3)), world)  # all of it decodes by now
    await intake.flush(world)
    assert ("answers", 2) in world.steps
    assert ("rejects", 1) in world.steps


async def test_records_that_kafka_deleted_stop_a_partition_until_the_loss_is_accepted() -> None:
    world = World()
    intake = intake_in(world)
    await intake.take(batch(run(0, 3)), world)
    await intake.flush(world)
    world.log_starts[TP] = 20
    await intake.take(batch(run(20, 22)), world)
    condition = world.conditions.of(TP)
    assert condition is not None
    assert condition.reason == "lost_records"
    assert "offsets 3 to 19" in condition.what
    world.allowances["lost"] = 20
    world.now += 11
    await intake.flush_if_due(world)
    world.steps.clear()
    await intake.take(batch(run(20, 22)), world)
    await intake.flush(world)
    assert ("answers", 2) in world.steps
    assert world.steps[-1] == ("durable", 0, 22)
    assert ("ledger", 3) in world.steps, "the chunks that are lost have rows: all gaps"


async def test_a_topic_that_was_created_again_is_read_from_its_start() -> None:
    world = World()
    intake = intake_in(world)
    await intake.take(batch(run(0, 5)), world)
    await intake.flush(world)
    world.steps.clear()
    await intake.take(batch(run(5, 7)), world)
    world.changed, world.numbers = {TP.topic}, {TP.topic: 1}
    await intake.flush(world)
    assert world.steps == [("rewind", 0, 0)], "nothing of it is written: whose it was is not known"
    await intake.take(batch(run(0, 2)), world)
    await intake.flush(world)
    assert ("answers", 2) in world.steps
