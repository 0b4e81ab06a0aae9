"""Drive an intake over a stretch of the log, to its end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from typing import Protocol

from schemas.measures import Measures
from schemas.registry import Registry
from streams.agents.configuring import IntakeConfig
from streams.agents.intake import Intake
from streams.agents.positions import Positions
from streams.batch import Batch
from streams.conditions import Conditions
from streams.replaying.numbering import Fixed
from streams.store import Store
from streams.traces import Traces

__all__ = ["Reader", "Unsaid", "fold_to_the_end", "intake_for"]


class Reader(Positions, Protocol):
    """What reads a stretch of the log, and is steered by the intake."""

    @property
    def done(self) -> bool:
        """Whether every partition was read to its end."""
        ...

    @property
    def left(self) -> int:
        """Return how many offsets are left to read."""
        ...

    def batches(self) -> AsyncIterator[Batch]:
        """Yield records until every partition is at its end."""
        ...


class Unsaid:
    """Says nothing on Kafka: what is folded again was said when it was folded first."""

    async def send(self, topic: str, messages: Iterable[tuple[bytes, bytes]]) -> None:
        """Do nothing."""


def intake_for(
    config: IntakeConfig,
    *,
    store: Store,
    traces: Traces,
    registry: Registry,
    measures: Measures,
    epochs: Mapping[str, int],
    now: Callable[[], float],
) -> Intake:
    """Return an intake that folds into fixed epochs."""
    return Intake(
        config,
        store=store,
        traces=traces,
        outputs=Unsaid(),
        registry=registry,
        measures=measures,
        epochs=Fixed(epochs),
        conditions=Conditions(now),
        now=now,
        sleep=asyncio.sleep,
    )


async def fold_to_the_end(intake: Intake, reader: Reader, progress: Callable[[int], None]) -> None:
    """Fold everything a reader has, and make it durable.

    Args:
        intake: Folds.
        reader: Reads, and reads again where the intake asks for it.
        progress: Told how many offsets are left.
    """
    while True:
        async for batch in reader.batches():
            await intake.take(batch, reader)
            progress(reader.left)
        await intake.flush(reader)
        if reader.done:  # a flush may have sent a partition back
            progress(0)
            return
