"""One log, and what an undisturbed worker makes of it: the measure of every run that is disturbed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kafka import KafkaConsumer, TopicPartition

from deploy.local.clickhouse import ClickHouseAccess
from sinks import migrations
from sinks.tables import TABLES
from streams.migrating import journey_map_columns, rollup_columns, score_rule_columns
from streams.settings import load_settings
from streams.simulation import Faults, SimulatedEvent
from streams.wiring import measures_of
from tests.waiting import until
from tests.worker.harness import Stage, WorkerProcess, empty_inputs
from tests.worker.sending import Sender, events, on_the_wire

__all__ = [
    "HARSH",
    "LITTLE",
    "SLICES",
    "Log",
    "WatchedStage",
    "log_of",
    "make_views",
    "slices_consumer",
    "stream",
]

SLICES = "feedback.slices"

#: Views that take ClickHouse many seconds; derived from the same histograms as the others.
_SLOW_VIEWS = frozenset({"R8_comparisons"})


#: Settings of a worker that fetches few records at a time, so that much can happen in between.
LITTLE: dict[str, Any] = {"fetch_records": 20, "flush_s": 0.05}

#: Upstreams at their worst: answers are few in a stream of conversations, so most are corrected.
HARSH = Faults(duplicates=0.08, corrections=0.6, late=0.02, out_of_order=0.05, bad=0.03)


def stream(count: int, *, seed: int = 3) -> list[SimulatedEvent]:
    """Return a simulated stream of all four topics, with everything upstreams do wrong."""
    return events(count, seed=seed, faults=HARSH)


@dataclass
class WatchedStage(Stage):
    """A stage that knows where its own messages on `feedback.slices` begin.

    All stages of a broker write there, with the same keys: no two may run at the same time.
    """

    slices_from: dict[TopicPartition, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        with slices_consumer(self.brokers) as (consumer, parts):
            self.slices_from = consumer.end_offsets(parts)

    @property
    def newest_worker(self) -> str:
        """The name of the worker that was started last."""
        return self._running[-1].name

    def start_with(self, variables: dict[str, str], **settings: Any) -> WorkerProcess:
        """Start a worker with some further variables of its own."""
        before, self.variables = self.variables, self.variables | variables
        try:
            return self.start(**settings)
        finally:
            self.variables = before

    def start_and_die(self, point: str, **settings: Any) -> WorkerProcess:
        """Start a worker, and wait until it died of a kill point, or stopped because of it."""
        worker = self.start_with({"EARSHOT_KILL_AT": point}, **settings)
        until(
            f"{point} passed, and an end",
            lambda: worker.process.poll() is not None,
            explain=worker.end_of_log,
        )
        return worker


@contextmanager
def slices_consumer(brokers: str) -> Iterator[tuple[Any, list[TopicPartition]]]:
    """Yield a consumer of `feedback.slices`, and the topic's partitions."""
    consumer = KafkaConsumer(bootstrap_servers=brokers, enable_auto_commit=False)
    try:
        numbers = consumer.partitions_for_topic(SLICES) or ()
        yield consumer, [TopicPartition(SLICES, number) for number in sorted(numbers)]
    finally:
        consumer.close()


def make_views(stage: Stage, *, slow: bool) -> None:
    """Make the views BI tools read, and write what they are told of scores."""
    for migration in migrations.load():
        if migration.repeatable and (slow or migration.label not in _SLOW_VIEWS):
            migrations.run(stage.clickhouse, stage.name, migration)
    settings = load_settings()
    measures = measures_of(settings)
    rules = score_rule_columns(measures, settings.scores)
    stage.clickhouse.insert(TABLES["score_rules"], rules)
    stage.clickhouse.insert(TABLES["rollups"], rollup_columns(measures))
    stage.clickhouse.insert(TABLES["journey_maps"], journey_map_columns(measures))


@dataclass
class Log:
    """The input topics, what was sent to them, and the stages that read them."""

    brokers: str
    access: ClickHouseAccess
    folder: Path
    starts: dict[TopicPartition, int]
    settings: dict[str, object] = field(default_factory=dict)
    sent: list[SimulatedEvent] = field(default_factory=list)
    _quiet: Stage | None = None
    _stages: list[Stage] = field(default_factory=list)

    def send(self, sender: Sender, events: Sequence[SimulatedEvent]) -> None:
        """Send events, and note that they were sent."""
        sender.send(map(on_the_wire, events))
        self.sent += events
        assert self._quiet is None, "the log was read as a whole already"

    def stage(self, access: ClickHouseAccess | None = None) -> WatchedStage:
        """Return a stage with its tables, at the start of the log."""
        one = WatchedStage(
            self.brokers, access or self.access, self.folder, self.starts,
            settings=dict(self.settings),
        )  # fmt: skip
        one.make_tables()
        self._stages.append(one)
        return one

    def quiet(self) -> Stage:
        """Return the stage of a worker that nothing happened to."""
        if self._quiet is None:
            self._quiet = one = self.stage()
            worker = one.start()
            one.wait_read(len(self.sent))
            assert worker.stop() == 0
        return self._quiet

    def remove(self, stage: Stage) -> None:
        """Remove a stage while its ClickHouse still runs."""
        self._stages.remove(stage)
        stage.close()

    def close(self) -> None:
        for one in self._stages:
            one.close()


@contextmanager
def log_of(
    brokers: str,
    access: ClickHouseAccess,
    folder: Path,
    *,
    starts: Callable[[str], dict[TopicPartition, int]] = empty_inputs,
) -> Iterator[Log]:
    """Run with an empty log; its stages are gone afterwards."""
    one = Log(brokers, access, folder, starts(brokers))
    try:
        yield one
    finally:
        one.close()
