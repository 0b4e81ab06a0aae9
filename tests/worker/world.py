"""ClickHouse, Kafka and the consumer in memory, around a real intake."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any, cast

from schemas.codec import Encoder
from schemas.errors import EarshotError
from schemas.registry import FileRegistry
from sinks.clickhouse import SinkRefused
from streams.agents.configuring import IntakeConfig
from streams.agents.intake import Intake
from streams.batch import Batch, LogRecord, Run, TopicPartition
from streams.conditions import Conditions
from streams.epochs import Epoch
from streams.fold.columns import Origin
from streams.fold.erasing import Erasure, Trace
from streams.fold.rejection import OUTER_REASONS, Rejection
from tests.builders import ANSWERS, NOW_MS, answer
from tests.fold.model import MEASURES

__all__ = ["OTHER", "TP", "World", "batch", "intake_in", "record", "run"]

REGISTRY = FileRegistry()
ENCODER = Encoder(REGISTRY, ANSWERS)
TP, OTHER = TopicPartition(ANSWERS, 0), TopicPartition(ANSWERS, 1)


class World:
    """ClickHouse, Kafka and the consumer, and everything they were told, in order."""

    def __init__(self) -> None:
        self.steps: list[tuple[Any, ...]] = []
        self.failures: dict[str, list[EarshotError]] = {}
        self.log: dict[int, LogRecord] = {}
        #: Partitions that are ours, and what was committed of them.
        self.starts: dict[TopicPartition, int] = {TP: 0, OTHER: 0}
        self.ends: dict[TopicPartition, int] = {}
        #: Where the consumer began to read, if not where it was committed.
        self.begins: dict[TopicPartition, int] = {}
        self.log_starts: dict[TopicPartition, int] = {}
        self.allowances: dict[str, int] = {}
        self.rejected: dict[int, Rejection] = {}
        self.poison = "none"
        self.numbers: dict[str, int] = {}
        self.changed: set[str] = set()
        self.now = 0.0
        #: What was waited for whenever a step failed.
        self.told: list[str] = []
        self.conditions = Conditions(lambda: self.now)
        self.blocked: asyncio.Event | None = None
        self.erasures: dict[Origin, int] = {}
        self.trace = Trace(0, {}, 0, {})
        #: Epochs that are written down, and the partitions something is stored of.
        self.written_epochs: list[Epoch] = []
        self.places: list[Origin] = []

    def _step(self, *step: Any) -> None:
        if pending := self.failures.get(step[0]):
            self.told += [one.reason for one in self.conditions.waiting()]
            raise pending.pop(0)
        self.steps.append(step)

    # the store
    def write(self, table: str, columns: list[list[Any]]) -> int:
        if table == "answers" and self.poison in [value for column in columns for value in column]:
            raise SinkRefused("it does not fit", code=53)
        self._step(table, len(columns[0]))
        if table == "rejects":
            for offset, reason, detail in zip(columns[3], columns[5], columns[6], strict=True):
                self.rejected[offset] = Rejection(reason, detail)
        if table == "erasures":
            topic, epoch, partition, offset = (column[0] for column in columns[:4])
            self.erasures[topic, epoch, partition] = offset
        return len(columns[0])

    def newest_erasures(self, origins: Iterable[Origin]) -> dict[Origin, int]:
        return {origin: at for origin, at in self.erasures.items() if origin in set(origins)}

    def ledger_end(self, origin: Origin) -> int | None:
        return self.ends.get(TopicPartition(origin[0], origin[2]))

    def allowed(self, _: Origin, accepts: str) -> int:
        return self.allowances.get(accepts, 0)

    def bound(self, _: Origin, first: int) -> dict[int, Rejection]:
        return {
            offset: rejection
            for offset, rejection in self.rejected.items()
            if offset >= first and rejection.reason in OUTER_REASONS
        }

    def raw(self, *_: Any) -> list[Any]:
        return []

    def standing(self, *_: Any) -> set[int]:
        return set()

    def epochs(self) -> list[Epoch]:
        return self.written_epochs

    # the epochs
    def epoch(self, topic: str) -> int:
        return self.numbers.get(topic, 0)

    def refresh(self) -> set[str]:
        changed, self.changed = self.changed, set()
        return changed

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

    def places_of(self, _kind: Any, topic: str, epochs: Iterable[int]) -> list[Origin]:
        chosen = set(epochs)
        return [one for one in self.places if one[0] == topic and one[1] in chosen]

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

    def owns(self, tp: TopicPartition) -> bool:
        return tp in self.starts

    def began(self) -> dict[TopicPartition, int]:
        return {tp: self.begins.get(tp, offset) for tp, offset in self.starts.items()}

    def committed(self, tp: TopicPartition) -> int | None:
        return self.starts.get(tp)

    def log_began(self, tp: TopicPartition) -> int | None:
        return self.log_starts.get(tp, 0)

    async def log_start(self, tp: TopicPartition) -> int:
        return self.log_starts.get(tp, 0)

    async def pause(self, tp: TopicPartition) -> None:
        self.steps.append(("pause", tp.partition))

    async def resume(self, tp: TopicPartition) -> None:
        self.steps.append(("resume", tp.partition))

    async def rewind(self, tp: TopicPartition, offset: int) -> None:
        self.steps.append(("rewind", tp.partition, offset))

    async def record_at(self, _: TopicPartition, offset: int) -> LogRecord | None:
        return self.log.get(offset)


async def _no_wait(_: float) -> None:
    await asyncio.sleep(0)


def intake_in(world: World, *, flush_rows: int = 1000, **limits: Any) -> Intake:
    config = IntakeConfig(
        chunk_size=8, flush_s=10.0, flush_rows=flush_rows, known_answers=10,
        known_customers=10, clock_skew_ms=0, max_record_bytes=10_000, worker="w", **limits,
    )  # fmt: skip
    return Intake(
        config, store=cast("Any", world), traces=cast("Any", world), outputs=cast("Any", world),
        registry=REGISTRY, measures=MEASURES, epochs=world, conditions=world.conditions,
        now=lambda: world.now, sleep=_no_wait,
    )  # fmt: skip


def record(offset: int, value: bytes | None, **fields: Any) -> Any:
    """Return a record of the log."""
    found = {"timestamp": NOW_MS, "key": None, "headers": ()} | fields
    return SimpleNamespace(offset=offset, value=value, **found)


def run(start: int, end: int, *, tp: TopicPartition = TP, bad: bool = False) -> Run:
    """Return a run of answers; the last is damaged if asked for."""
    records = [
        record(
            offset,
            b""
            if bad and offset == end - 1
            else ENCODER.encode(answer(response_id=f"{tp.partition}-{offset}")),
        )
        for offset in range(start, end)
    ]
    return Run(tp, start, records)


def batch(*runs: Run) -> Batch:
    return Batch(1, runs)
