"""Tell ClickHouse how the partitions of this worker are, as well as that can be done.

Nothing is decided by these rows and nothing waits for them: `earshot status` shows them.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import structlog

from schemas.errors import EarshotError
from streams.batch import TopicPartition
from streams.conditions import Condition, Conditions

__all__ = ["RELEASED", "condition_columns", "keep_conditions"]

log = structlog.get_logger(__name__)

Columns = list[list[Any]]
Write = Callable[[Columns], object]
Told = dict[TopicPartition, Condition]

#: What is told of a partition this worker gave up: its state, and nothing else.
RELEASED = "released"

_EVERY_S = 1.0
_FIRST_WAIT_S = 2.0
_LONGEST_WAIT_S = 60.0
_LAST_WORD_S = 3.0


def condition_columns(
    conditions: Mapping[TopicPartition, Condition | None], worker: str, now_s: float
) -> Columns:
    """Return the columns of the table `conditions`, a row each; None is a partition that was given up.

    >>> columns = condition_columns({TopicPartition("t", 3): Condition("running", 60.0)}, "w:1", 90.0)
    >>> [column[0] for column in columns[:4]], columns[6][0].isoformat(), columns[8][0].isoformat()
    (['t', 3, 'running', ''], '1970-01-01T00:01:00+00:00', '1970-01-01T00:01:30+00:00')
    """
    rows = [
        (tp.topic, tp.partition, *_told(condition, now_s), worker, _time(now_s))
        for tp, condition in conditions.items()
    ]
    return [list(column) for column in zip(*rows, strict=True)]


async def keep_conditions(
    conditions: Conditions,
    write: Write,
    *,
    worker: str,
    now: Callable[[], float] = time.time,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Write what changed, for as long as the worker runs; when cancelled, say so and end.

    Args:
        conditions: How the partitions are.
        write: Writes columns of the table `conditions`; blocking, on a connection of its own, so that
            nothing of the intake waits for it. It is run in a thread.
        worker: This worker's name.
        now: Returns the seconds since 1970.
        sleep: Passes time.
    """
    told: Told = {}
    wait_s = _FIRST_WAIT_S
    try:
        while True:
            try:
                await _tell(conditions, told, write, worker, now)
            except EarshotError as error:
                # Only the newest state is of interest, so nothing queues up meanwhile.
                log.info("conditions_not_written", what=error.what, again_in_s=wait_s)
                await sleep(wait_s)
                wait_s = min(wait_s * 2, _LONGEST_WAIT_S)
            else:
                wait_s = _FIRST_WAIT_S
                await sleep(_EVERY_S)
    except asyncio.CancelledError:
        # Who ends gives all up, also where nobody takes over.
        await _last_word(_write(dict.fromkeys(_left_by(told)), write, worker, now))
        raise


async def _last_word(telling: Awaitable[None]) -> None:
    try:
        async with asyncio.timeout(_LAST_WORD_S):
            await telling
    except (TimeoutError, EarshotError) as error:
        log.info("last_conditions_not_written", error=type(error).__name__)


async def _tell(
    conditions: Conditions, told: Told, write: Write, worker: str, now: Callable[[], float]
) -> None:
    seen = conditions.as_seen()
    changed: dict[TopicPartition, Condition | None] = {
        tp: condition for tp, condition in seen.items() if told.get(tp) != condition
    }
    gone: Told = {tp: condition for tp, condition in told.items() if tp not in seen}
    changed |= dict.fromkeys(_left_by(gone))
    await _write(changed, write, worker, now)
    told.clear()
    told.update(seen)


async def _write(
    changed: Mapping[TopicPartition, Condition | None],
    write: Write,
    worker: str,
    now: Callable[[], float],
) -> None:
    if changed:
        await asyncio.to_thread(write, condition_columns(changed, worker, now()))


def _left_by(told: Told) -> list[TopicPartition]:
    """Return what is told to be given up. An alarm stands until a next owner says otherwise."""
    return [tp for tp, condition in told.items() if condition.state != "stopped"]


def _told(condition: Condition | None, now_s: float) -> tuple[object, ...]:
    if condition is None:
        return RELEASED, "", "", "", _time(now_s)
    return (
        condition.state,
        condition.reason,
        condition.what,
        condition.cure,
        _time(condition.since_s),
    )


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
