"""A soak from its first event to its verdict."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from kafka import TopicPartition
from kafka.errors import KafkaError

from schemas.catalog import INPUTS
from schemas.errors import SinkError
from tests.faults.log import WatchedStage
from tests.faults.soak.crew import Crew
from tests.faults.soak.feed import feed
from tests.faults.soak.memory import Memory
from tests.faults.soak.parts import PARTITIONS, Parts, parts_in, strike_down
from tests.faults.soak.plan import KILLS, Strike, plan
from tests.faults.soak.report import Options, Report
from tests.faults.soak.supply import Supply
from tests.faults.soak.telling import Teller
from tests.faults.soak.verdict import judge
from tests.worker.harness import end_offsets

__all__ = ["soak"]

_LOOK_S = 0.3
_PROGRESS_S = 10.0

#: Most events sent and not read yet. After each strike all partitions must come round once.
_AHEAD = 20_000

#: Seconds without any record read, nothing being broken, after which a soak has failed.
_STALL_S = 600.0


def soak(options: Options, folder: Path, teller: Teller) -> Report:
    """Run a soak in a folder of its own."""
    with parts_in(folder) as parts:
        starts = {
            TopicPartition(topic.name, number): 0
            for topic in INPUTS
            for number in range(PARTITIONS)
        }
        stage = WatchedStage(
            parts.kafka.address, parts.clickhouse.access, folder, starts, port=parts.gate.port
        )
        try:
            stage.make_tables()
            return _Soak(options, parts, stage, teller).run()
        finally:
            stage.close()


@dataclass
class _Soak:
    options: Options
    parts: Parts
    stage: WatchedStage
    teller: Teller
    strikes: Counter[str] = field(default_factory=Counter)
    recoveries_s: list[float] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    _told_at: float = 0.0
    _told_read: int = 0

    def __post_init__(self) -> None:
        options = self.options
        self.crew = Crew(self.stage, most=options.workers, chunk=options.chunk)
        self.memory = Memory(lambda: self.crew.pids)
        self.supply = Supply(
            self.parts.kafka.address,
            partitions=PARTITIONS,
            ahead=min(_AHEAD, max(4_000, options.events // 20)),
            pace=options.events / (60 * options.minutes) if options.minutes else 0.0,
        )

    def run(self) -> Report:
        options = self.options
        for _ in range(options.workers):
            self.crew.start()
        self.memory.start()
        self.supply.start(feed(options.events, options.seed))
        began = self.teller.now_s
        try:
            for strike in plan(options.seed, events=options.events, kills=options.kills):
                self._wait(partial(self._has_read, strike.at), strike)
                self._strike(strike)
            self._wait(lambda: self.supply.done and self._caught_up(), None)
            # A worker that was started last may still fold again what one before it had written.
            self._wait(self._all_committed, None)
        finally:
            self.supply.stop()
            self.memory.stop()
        reading_s = self.teller.now_s - began
        self.crew.stop()
        self.teller.say("everything is read and the workers have stopped; now it is checked")
        return self._report(reading_s)

    def _has_read(self, events: int) -> bool:
        return self.supply.read >= events

    def _report(self, reading_s: float) -> Report:
        supply = self.supply
        ends = end_offsets(self.stage.brokers)
        if supply.failure is not None:
            self.problems.append(f"the producer failed: {supply.failure!r}")
        verdict = judge(self.stage, supply.sent, ends)
        verdict.expect(sum(ends.values()), supply.sent.truth.total, "records in the log")
        verdict.problems = [*self.problems, *self.crew.problems, *verdict.problems]
        return Report(
            verdict, self.strikes, self.recoveries_s, self.teller.now_s, reading_s,
            self.memory.peak_mib, self.memory.growth_mib_per_min,
        )  # fmt: skip

    # -- striking

    def _strike(self, strike: Strike) -> None:
        crew, kind = self.crew, strike.kind
        before = self._positions() or {}
        worker = crew.workers[int(strike.pick * len(crew.workers))]
        pid = worker.process.pid
        began = self.teller.now_s
        what = f"strike {strike.number}: "
        if kind == "worker":
            self.teller.say(f"{what}kill worker {pid}, start another in {strike.hold_s:g} s")
            crew.kill(worker, strike.hold_s)
        elif kind == "clickhouse":
            self.teller.say(f"{what}kill ClickHouse for {strike.hold_s:g} s")
            strike_down(self.parts.clickhouse, strike.hold_s)
        elif kind == "kafka":
            self.teller.say(f"{what}kill the broker for {strike.hold_s:g} s")
            strike_down(self.parts.kafka, strike.hold_s)
        elif kind == "sleep":
            self.teller.say(f"{what}worker {pid} sleeps for {strike.hold_s:g} s")
            crew.sleep(worker, strike.hold_s)
        elif kind == "cut":
            self.teller.say(f"{what}cut all connections to ClickHouse")
            self.parts.gate.cut()
        elif len(crew.workers) < crew.most:
            self.teller.say(f"{what}a worker joins")
            crew.start()
        else:
            self.teller.say(f"{what}worker {pid} leaves")
            crew.leave(worker)
            if not crew.workers:
                crew.start()
        self.strikes[kind] += 1
        back = self.teller.now_s
        if strike.hasty:
            self.teller.say(f"{what}done in {back - began:.1f} s; nobody waits")
            return
        self._wait(lambda: self._beyond(before), strike)
        took_s = self.teller.now_s - back
        self.recoveries_s.append(took_s)
        self.teller.say(f"{what}done in {back - began:.1f} s; {took_s:.1f} s until all was beyond")

    # -- looking

    def _positions(self) -> dict[TopicPartition, int] | None:
        """Return up to where each partition has its fates; None if ClickHouse does not answer."""
        try:
            rows = self.stage.clickhouse.rows(
                f"SELECT topic, partition, last_offset + 1, read FROM {self.stage.name}.fates"
            )
        except SinkError:
            return None
        self.supply.read = sum(read for *_, read in rows)
        return {TopicPartition(topic, number): at for topic, number, at, _ in rows}

    def _beyond(self, before: Mapping[TopicPartition, int]) -> bool:
        """Whether each partition has gone on, or has nothing left to read."""
        now = self._positions()
        return now is not None and all(
            now.get(part, 0) > before.get(part, 0) or now.get(part, 0) >= end
            for part, end in list(self.supply.acknowledged.items())
        )

    def _caught_up(self) -> bool:
        now = self._positions()
        return now is not None and all(
            now.get(part, 0) >= end for part, end in self.supply.acknowledged.items()
        )

    def _all_committed(self) -> bool:
        try:
            committed = self.stage.committed()
        except KafkaError:
            return False
        return all(committed.get(part, 0) >= end for part, end in self.supply.acknowledged.items())

    def _wait(self, done: Callable[[], bool], strike: Strike | None) -> None:
        """Wait until something is done, and see to everybody meanwhile.

        Raises:
            TimeoutError: Nothing was read for minutes, although there was something to read.
        """
        seen, since = self.supply.read, time.monotonic()
        while not done():
            time.sleep(_LOOK_S)
            self._positions()
            self.crew.look()
            self._tell()
            if self.supply.failure is not None:
                raise self.supply.failure
            if self.supply.read != seen:
                seen, since = self.supply.read, time.monotonic()
            if time.monotonic() - since > _STALL_S:
                where = f"strike {strike.number}" if strike else "the end"
                ends = "\n".join(worker.end_of_log() for worker in self.crew.workers)
                msg = f"nothing was read for {_STALL_S:g} s before {where}\n{ends}"
                raise TimeoutError(msg)

    def _tell(self) -> None:
        now = self.teller.now_s
        if now - self._told_at < _PROGRESS_S:
            return
        read, sent = self.supply.read, self.supply.sent.truth.total
        rate = (read - self._told_read) / (now - self._told_at)
        kills = sum(self.strikes[kind] for kind in KILLS)
        rss = ", ".join(f"{size:.0f}" for size in self.memory.now_mib())
        self._told_at, self._told_read = now, read
        self.teller.say(
            f"sent {sent}, read {read} ({rate:.0f} a second), kills {kills}, workers of {rss} MiB"
        )
