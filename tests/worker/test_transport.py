"""The batch consumer alone: runs follow each other without holes, and only what is durable is committed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any

from faust.types import TP

from streams.batch import Run
from streams.transport import BatchConsumer

ONE, TWO = TP("feedback.responses", 0), TP("feedback.responses", 1)


def records(*offsets: int) -> list[Any]:
    return [SimpleNamespace(offset=offset, timestamp=0) for offset in offsets]


class Consumer(BatchConsumer):
    """A consumer whose fetches and commits are the test's to answer."""

    should_stop = False
    flow_active = True

    def __init__(self) -> None:
        self._start, self._next = {ONE: 0, TWO: 0}, {ONE: 0, TWO: 0}
        self._durable, self._committed = {}, {}
        self._read_offset = {}
        self._commit_fut = None
        self.loop = asyncio.get_running_loop()
        monitor = SimpleNamespace(track_tp_end_offset=_nothing, on_tp_commit=_nothing)
        self.app = SimpleNamespace(  # type: ignore[assignment]  # as little of it as is used
            consumer_generation_id=4, monitor=monitor, client_only=False
        )
        self.fetches: asyncio.Queue[dict[TP, list[Any]]] = asyncio.Queue()
        self.asks = asyncio.Event()
        self.sought: list[tuple[TP, int]] = []
        self.asked_to_commit: list[dict[TP, int]] = []
        self.broker_takes = True
        self.ours = {ONE, TWO}

    async def _wait_next_records(self, timeout: float) -> Any:  # noqa: ASYNC109 - Faust's own name
        self.asks.set()
        return await self.fetches.get(), self.ours

    async def _seek(self, partition: TP, offset: int) -> None:
        self.sought.append((partition, offset))

    async def _commit(self, offsets: Any) -> bool:
        self.asked_to_commit.append(dict(offsets))
        return self.broker_takes

    def assignment(self) -> set[TP]:
        return self.ours

    def highwater(self, tp: TP) -> int:
        return 0

    async def runs(self) -> list[Run]:
        """Return the runs of the next fetch."""
        found: list[Run] = []
        async for _, message in self.getmany(1.0):
            batch: Any = message.value
            assert batch.generation == 4
            found += batch.runs
        return found

    def fetch(self, **found: Iterable[int]) -> None:
        names = {"one": ONE, "two": TWO}
        self.fetches.put_nowait({names[name]: records(*o) for name, o in found.items()})


def _nothing(*_: Any) -> None:
    """Take a measurement, and forget it."""


def shape(runs: list[Run]) -> list[tuple[TP, int, list[int]]]:
    return [(TP(*run.tp), run.start, [record.offset for record in run.records]) for run in runs]


async def test_a_run_starts_where_the_one_before_ended() -> None:
    consumer = Consumer()
    consumer.fetch(one=[0, 1, 2], two=[5])
    assert shape(await consumer.runs()) == [(ONE, 0, [0, 1, 2]), (TWO, 0, [5])]
    consumer.fetch(one=[7, 8])
    assert shape(await consumer.runs()) == [(ONE, 3, [7, 8])]


async def test_what_was_fetched_before_a_rewind_is_not_what_follows_it() -> None:
    consumer = Consumer()
    consumer.fetch(one=range(100))
    await consumer.runs()
    consumer.asks.clear()
    under_way = asyncio.create_task(consumer.runs())
    await consumer.asks.wait()
    await consumer.rewind(ONE, 20)
    consumer.fetch(one=[100, 101], two=[0])
    # Taken for a run that starts at 20, it would make 80 records a gap.
    assert shape(await under_way) == [(TWO, 0, [0])]
    assert consumer.sought == [(ONE, 20), (ONE, 20)]
    consumer.fetch(one=[20, 21])
    assert shape(await consumer.runs()) == [(ONE, 20, [20, 21])]


async def test_partitions_of_others_are_left_out() -> None:
    consumer = Consumer()
    consumer.ours = {TWO}
    consumer.fetch(one=[0], two=[0])
    assert shape(await consumer.runs()) == [(TWO, 0, [0])]


async def test_only_what_is_durable_is_committed_and_only_once() -> None:
    consumer = Consumer()
    assert not await consumer.commit()
    consumer.mark_durable(ONE, 10)
    consumer.mark_durable(ONE, 7)
    assert await consumer.commit()
    assert not await consumer.commit()
    assert consumer.asked_to_commit == [{ONE: 10}]


async def test_a_commit_the_broker_refuses_is_made_again() -> None:
    consumer = Consumer()
    consumer.mark_durable(ONE, 10)
    consumer.broker_takes = False
    assert not await consumer.commit()
    consumer.broker_takes = True
    assert await consumer.commit()
    assert consumer.asked_to_commit == [{ONE: 10}, {ONE: 10}]


async def test_nothing_is_committed_for_a_partition_of_somebody_else() -> None:
    consumer = Consumer()
    consumer.mark_durable(ONE, 10)
    consumer.mark_durable(TWO, 3)
    consumer.ours = {TWO}
    assert await consumer.commit()
    assert consumer.asked_to_commit == [{TWO: 3}]
