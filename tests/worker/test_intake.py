"""The intake with everything around it in memory: the order of a flush, and what failures leave."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from types import SimpleNamespace
from typing import Any, cast

import pytest

from schemas.codec import Encoder
from schemas.errors import EarshotError, StreamError
from schemas.registry import FileRegistry
from sinks.clickhouse import SinkRefused, SinkUnavailable
from streams.agents.intake import Intake, IntakeConfig
from streams.batch import Batch, LogRecord, Run, TopicPartition
from streams.fold.columns import Origin
from streams.fold.erasing import Erasure, Trace
from tests.builders import ANSWERS, NOW_MS, answer
from tests.fold.model import MEASURES

REGISTRY = FileRegistry()
ENCODER = Encoder(REGISTRY, ANSWERS)
TP, OTHER = TopicPartition(ANSWERS, 0), TopicPartition(ANSWERS, 1)


class World:
    """ClickHouse, Kafka and the consumer, and everything they were told, in order."""

    def __init__(self) -> None:
        self.steps: list[tuple[Any, ...]] = []
        self.failures: dict[str, list[EarshotError]] = {}
        self.log: dict[int, LogRecord] = {}
        self.starts: dict[TopicPartition, int] = {TP: 0, OTHER: 0}
        self.blocked: asyncio.Event | None = None
        self.erasures: dict[Origin, int] = {}
        self.trace = Trace(0, {}, 0, {})

    def _step(self, *step: Any) -> None:
        if pending := self.failures.get(step[0]):
            raise pending.pop(0)
        self.steps.append(step)

    # the store
    def write(self, table: str, columns: list[list[Any]]) -> int:
        self._step(table, len(columns[0]))
        if table == "erasures":
            topic, epoch, partition, offset = (column[0] for column in columns[:4])
            self.erasures[topic, epoch, partition] = offset
        return len(columns[0])

    def newest_erasures(self, origins: Iterable[Origin]) -> dict[Origin, int]:
        return {origin: at for origin, at in self.erasures.items() if origin in set(origins)}

    def chunks(self, *_: Any) -> list[Any]:
        return []

    def versions(self, *_: Any) -> dict[int, int]:
        return {}

    def recent(self, *_: Any) -> tuple[dict[Any, Any], bool]:
        return {}, True

    def any_history(self, *_: Any) -> bool:
        return False

    def definitions(self, _: int) -> Any:
        return MEASURES

    # the traces of customers
    def read(self, _kind: Any, _origin: Origin, before: int, _subject: str) -> Trace:
        self._step("read traces", before)
        return self.trace

    def marked(self, origin: Origin, offset: int) -> bool:
        return self.erasures.get(origin, -1) >= offset

    def delete(self, _kind: Any, _origin: Origin, before: int, _erasure: Erasure) -> None:
        self._step("delete", before)

    def erasures_after(self, origin: Origin, offset: int) -> list[int]:
        return [at for at in (self.erasures.get(origin, -1),) if at > offset]

    # the producer
    async def send(self, topic: str, messages: Iterable[Any]) -> None:
        if self.blocked is not None:
            await self.blocked.wait()
        self._step(topic, len(list(messages)))

    # the consumer
    def mark_durable(self, tp: TopicPartition, position: int) -> None:
        self.steps.append(("durable", tp.partition, position))

    def start_of(self, tp: TopicPartition) -> int | None:
        return self.starts.get(tp)

    async def rewind(self, tp: TopicPartition, offset: int) -> None:
        self.steps.append(("rewind", tp.partition, offset))

    async def record_at(self, _: TopicPartition, offset: int) -> LogRecord | None:
        return self.log.get(offset)


async def _no_wait(_: float) -> None:
    await asyncio.sleep(0)


def intake_in(world: World, *, flush_rows: int = 1000) -> Intake:
    config = IntakeConfig(
        chunk_size=8, flush_s=10.0, flush_rows=flush_rows, known_answers=10,
        known_customers=10, clock_skew_ms=0, max_record_bytes=10_000, worker="w",
    )  # fmt: skip
    return Intake(
        config, store=cast("Any", world), traces=cast("Any", world), outputs=cast("Any", world),
        registry=REGISTRY,
        measures=MEASURES, now=lambda: 0.0, sleep=_no_wait,
    )  # fmt: skip


def run(start: int, end: int, *, tp: TopicPartition = TP, bad: bool = False) -> Run:
    """Return a run of answers; the last is damaged if asked for."""
    records = [
        SimpleNamespace(
            offset=offset, timestamp=NOW_MS, key=None, headers=(),
            value=b"" if bad and offset == end - 1
            else ENCODER.encode(answer(response_id=f"{tp.partition}-{offset}")),
        )
        for offset in range(start, end)
    ]  # fmt: skip
    return Run(tp, start, records)


def batch(*runs: Run) -> Batch:
    return Batch(1, runs)


FLUSH = ["answers", "slices", "feedback.slices", "rejects", "feedback.rejects", "ledger", "durable"]


async def test_a_flush_has_one_order() -> None:
    world = World()
    intake = intake_in(world)
    await intake.take(batch(run(0, 5, bad=True)), world)
    assert world.steps == []
    await intake.flush(world)
    assert [step[0] for step in world.steps] == FLUSH
    assert world.steps[0] == ("answers", 4)
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
async def test_what_is_refused_is_never_durable(where: str) -> None:
    world = World()
    world.failures[where] = [SinkRefused("no such table", code=60)]
    intake = intake_in(world)
    await intake.take(batch(run(0, 5, bad=True)), world)
    with pytest.raises(SinkRefused):
        await intake.flush(world)
    assert "durable" not in [step[0] for step in world.steps]
    # Were the worker to go on, the same rows would be written first.
    world.steps.clear()
    await intake.take(batch(run(5, 8)), world)
    await intake.flush(world)
    assert [step[0] for step in world.steps if step[0] == "durable"] == ["durable"] * 2
    assert ("answers", 7) in world.steps
    assert world.steps[-1] == ("durable", 0, 8)


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


async def test_a_partition_that_comes_back_is_folded_from_its_start() -> None:
    world = World()
    intake = intake_in(world)
    await intake.take(batch(run(0, 8), run(8, 10)), world)
    await intake.flush(world)
    intake.give_up([TP])
    world.starts[TP] = 8
    world.steps.clear()
    # What was still on its way from before does not open the chunk in its middle.
    await intake.take(batch(run(10, 12)), world)
    assert world.steps == [("rewind", 0, 8)]
    await intake.take(batch(run(8, 12)), world)
    await intake.flush(world)
    assert ("answers", 4) in world.steps
    assert world.steps[-1] == ("durable", 0, 12)
