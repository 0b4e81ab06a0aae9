"""Watching: the log names the partition, the broker is asked where the consumer knows of nothing."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterable

import pytest
from structlog.testing import capture_logs

from schemas.errors import StreamError
from streams.batch import TopicPartition
from streams.conditions import Conditions
from streams.progress import Progress
from streams.topics import create_topics
from streams.watchdog import Stall, Watchdog
from streams.watching import ends_of, exit_unless, watch
from tests.worker.sending import Outgoing, sender

TP = TopicPartition("feedback.responses", 2)
QUIET = Progress(start=0, position=50, fetched=52, log_end=50, durable=50, committed=50)


class Clock:
    """Passes time at once, and ends the test that passes too much of it."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def now(self) -> float:
        return self.now_s

    async def sleep(self, seconds: float) -> None:
        self.now_s += seconds
        if self.now_s > 1_000:
            raise TimeoutError
        await asyncio.sleep(0)


async def _watched(
    progress: Progress, ends: dict[TopicPartition, int] | Exception | None
) -> Stall | None:
    clock = Clock()
    conditions = Conditions(clock.now)

    def ask(_: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        if isinstance(ends, dict):
            return ends
        raise ends or AssertionError("asked")

    try:
        return await watch(
            Watchdog(300, clock.now),
            lambda: {TP: progress},
            conditions,
            every_s=30,
            ends=None if ends is None else ask,
            sleep=clock.sleep,
        )
    except TimeoutError:
        return None


async def test_a_stall_is_logged_with_partition_and_position() -> None:
    with capture_logs() as logs:
        stall = await _watched(Progress(start=0, position=50, log_end=80, committed=40), None)
    assert stall is not None
    (line,) = [line for line in logs if line["log_level"] == "error"]
    assert (line["event"], line["topic"], line["partition"]) == ("stalled", TP.topic, 2)
    assert (line["position"], line["lag"], line["still_s"]) == (50, 40, 300.0)


async def test_a_consumer_that_fetches_nothing_does_not_hide_the_lag() -> None:
    assert await _watched(QUIET, None) is None
    stall = await _watched(QUIET, {TP: 60})
    assert stall is not None
    assert stall.progress.log_end == 60


async def test_markers_of_transactions_are_no_lag() -> None:
    assert await _watched(QUIET, {TP: 52}) is None


async def test_a_broker_that_does_not_answer_is_no_stall() -> None:
    assert await _watched(QUIET, StreamError("It does not answer.", cure="Start it.")) is None


@pytest.mark.kafka
def test_the_broker_knows_where_a_log_ends(kafka_brokers: str) -> None:
    create_topics(kafka_brokers, partitions=4, replication=1)
    tps = [TopicPartition("feedback.followups", number) for number in range(4)]
    before = ends_of(kafka_brokers)(tps)
    with sender(kafka_brokers) as one:
        places = one.send([Outgoing("feedback.followups", b"k", b"v", 0)])
    ((_, partition, offset),) = places
    after = ends_of(kafka_brokers)(tps)
    assert after[TopicPartition("feedback.followups", partition)] == offset + 1
    assert sum(after.values()) == sum(before.values()) + 1


def test_a_block_that_is_over_in_time_ends_nothing() -> None:
    codes: list[int] = []
    with exit_unless(60, 1, leave=codes.append) as beat:
        beat()
    assert codes == []


def test_a_process_whose_loop_hangs_ends_with_1() -> None:
    code = (
        "import time\n"
        "from streams.watching import exit_unless\n"
        "with exit_unless(0.3, 1) as beat:\n"
        "    beat()\n"
        "    time.sleep(60)\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        check=False,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == 1
    assert "ended_by_force" in done.stdout
