"""Records on their way to the broker, with a note of where each came to lie."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from aiokafka import AIOKafkaProducer

from schemas.codec import Encoder
from schemas.registry import FileRegistry
from streams.simulation import Faults, SimulatedEvent, Simulation, SimulationConfig, Truth

__all__ = ["Outgoing", "Place", "Sender", "encode", "events", "on_the_wire", "sender", "truth_of"]

REGISTRY = FileRegistry()
_ENCODERS: dict[str, Encoder] = {}

#: Topic, partition and offset.
Place = tuple[str, int, int]


class Outgoing(NamedTuple):
    """One record as a producer sends it."""

    topic: str
    key: bytes | None
    value: bytes | None
    timestamp_ms: int
    headers: tuple[tuple[str, bytes | None], ...] = ()


def encode(topic: str, record: dict[str, Any]) -> bytes:
    if topic not in _ENCODERS:
        _ENCODERS[topic] = Encoder(REGISTRY, topic)
    return _ENCODERS[topic].encode(record)


def events(count: int, *, seed: int = 3, faults: Faults | None = None) -> list[SimulatedEvent]:
    """Return a simulated stream whose time ends now."""
    rate = 200.0
    config = SimulationConfig(
        start_ms=int(time.time() * 1000) - int(count / rate * 1000) - 5_000,
        seed=seed,
        rate=rate,
        customers=60,
        faults=faults or Faults(duplicates=0.05, corrections=0.1, bad=0.02),
    )
    stream = iter(Simulation(config, REGISTRY))
    return [next(stream) for _ in range(count)]


def truth_of(sent: Iterable[SimulatedEvent]) -> Truth:
    truth = Truth()
    for event in sent:
        truth.add(event)
    return truth


def on_the_wire(event: SimulatedEvent) -> Outgoing:
    value = event.raw if event.record is None else encode(event.topic, event.record)
    key = None if event.key is None else event.key.encode()
    return Outgoing(event.topic, key, value, event.at_ms)


class Sender:
    """A producer with a loop of its own, for tests that are not asynchronous."""

    def __init__(self, producer: Any, runner: asyncio.Runner) -> None:
        self._producer = producer
        self._runner = runner

    def send(self, outgoing: Iterable[Outgoing]) -> list[Place]:
        """Send in order, wait until all are delivered, and return where they lie."""
        return self._runner.run(self._send(list(outgoing)))

    def transaction(self, outgoing: Iterable[Outgoing], *, abort: bool = False) -> None:
        """Send in one transaction."""
        self._runner.run(self._transaction(list(outgoing), abort=abort))

    async def _send(self, outgoing: list[Outgoing]) -> list[Place]:
        futures = [
            await self._producer.send(
                item.topic, item.value, item.key,
                timestamp_ms=item.timestamp_ms, headers=list(item.headers),
            )
            for item in outgoing
        ]  # fmt: skip
        return [
            (meta.topic, meta.partition, meta.offset) for meta in await asyncio.gather(*futures)
        ]

    async def _transaction(self, outgoing: list[Outgoing], *, abort: bool) -> None:
        await self._producer.begin_transaction()
        await self._send(outgoing)
        if abort:
            await self._producer.abort_transaction()
        else:
            await self._producer.commit_transaction()


@contextmanager
def sender(brokers: str, **config: Any) -> Iterator[Sender]:
    """Run a producer inside a `with` block; `config` is aiokafka's."""
    with asyncio.Runner() as runner:

        async def started() -> Any:
            one = AIOKafkaProducer(
                bootstrap_servers=brokers, enable_idempotence=True, linger_ms=5, **config
            )
            await one.start()
            return one

        producer = runner.run(started())
        try:
            yield Sender(producer, runner)
        finally:
            runner.run(producer.stop())
