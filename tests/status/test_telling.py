"""What workers tell of their partitions: what changed, as soon as it can be written, and no more."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from sinks.clickhouse import SinkUnavailable
from streams.batch import TopicPartition
from streams.conditions import Conditions
from streams.telling import keep_conditions

TP, OTHER = TopicPartition("feedback.responses", 2), TopicPartition("feedback.responses", 3)
ALARM = {"reason": "no_table", "what": "It lacks a table.", "cure": "Make it."}
NOW_S = 1_000.0


class Teller:
    """Keeps the conditions of a worker, round by round."""

    def __init__(self) -> None:
        self.conditions = Conditions(lambda: NOW_S)
        self.rows: list[tuple[Any, ...]] = []
        self.waits: list[float] = []
        self.broken = False
        self._turn, self._slept = asyncio.Event(), asyncio.Event()
        self._task = asyncio.create_task(
            keep_conditions(
                self.conditions, self._write, worker="w:1", now=lambda: NOW_S, sleep=self._sleep
            )
        )

    def _write(self, columns: list[list[Any]]) -> None:
        if self.broken:
            raise SinkUnavailable("It does not answer.")
        self.rows += zip(*columns, strict=True)

    async def _sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self._slept.set()
        await self._turn.wait()
        self._turn.clear()

    async def round(self, change: Callable[[], None] = lambda: None) -> list[tuple[Any, ...]]:
        """Change something, let one round pass, and return topic to reason of the rows written."""
        await self._slept.wait()
        self._slept.clear()
        change()
        before = len(self.rows)
        self._turn.set()
        await self._slept.wait()
        return [(TopicPartition(*row[:2]), *row[2:4]) for row in self.rows[before:]]

    async def end(self) -> list[tuple[Any, ...]]:
        before = len(self.rows)
        self._task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await self._task
        return [(TopicPartition(*row[:2]), *row[2:4]) for row in self.rows[before:]]


async def test_a_row_for_each_change_and_none_without() -> None:
    teller = Teller()
    assert await teller.round(lambda: teller.conditions.running(TP)) == [(TP, "running", "")]
    assert await teller.round() == []
    assert await teller.round(lambda: teller.conditions.stopped(TP, **ALARM)) == [
        (TP, "stopped", "no_table")
    ]
    assert teller.rows[-1][4:6] == (ALARM["what"], ALARM["cure"])
    assert await teller.round(lambda: teller.conditions.stopped(TP, **ALARM)) == []
    assert await teller.round(lambda: teller.conditions.running(TP)) == [(TP, "running", "")]
    await teller.end()


async def test_all_partitions_wait_while_the_worker_does() -> None:
    teller = Teller()
    teller.conditions.running(TP)
    teller.conditions.stopped(OTHER, **ALARM)
    await teller.round()
    waits = {"reason": "registry", "what": "It does not answer.", "cure": "Start it."}
    changed = await teller.round(lambda: teller.conditions.waits(**waits))
    assert changed == [(TP, "waiting", "registry")]
    assert await teller.round(teller.conditions.goes_on) == [(TP, "running", "")]
    await teller.end()


async def test_who_gives_up_a_partition_says_so_but_an_alarm_stands() -> None:
    teller = Teller()
    teller.conditions.running(TP)
    teller.conditions.stopped(OTHER, **ALARM)
    await teller.round()
    assert await teller.round(lambda: teller.conditions.gone(TP)) == [(TP, "released", "")]
    assert await teller.round(lambda: teller.conditions.gone(OTHER)) == []
    await teller.end()


async def test_who_ends_gives_up_all_it_had() -> None:
    teller = Teller()
    teller.conditions.running(TP)
    teller.conditions.stopped(OTHER, **ALARM)
    await teller.round()
    assert await teller.end() == [(TP, "released", "")]


async def test_while_clickhouse_is_silent_it_is_asked_ever_more_rarely_and_told_the_newest() -> (
    None
):
    teller = Teller()
    await teller.round()
    teller.broken = True
    await teller.round(lambda: teller.conditions.running(TP))
    for _ in range(6):
        await teller.round()
    await teller.round(lambda: teller.conditions.stopped(TP, **ALARM))
    assert teller.rows == []
    assert teller.waits[2:] == [2, 4, 8, 16, 32, 60, 60, 60]
    teller.broken = False
    assert await teller.round() == [(TP, "stopped", "no_table")]
    assert teller.waits[-1] == 1.0
    teller.broken = True
    assert await teller.end() == []
