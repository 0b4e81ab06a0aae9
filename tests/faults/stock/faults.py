"""Faults, each made in the same way to whatever reads the topic, and what was lost or doubled after it."""

from __future__ import annotations

import shutil
import subprocess
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from deploy.local.clickhouse import ClickHouseAccess
from tests.builders import ANSWERS, answer
from tests.faults.servers import kill, own_clickhouse, restart
from tests.faults.stock.pipelines import Pipeline, pipeline
from tests.faults.wire import Fault, Proxy, proxy_to
from tests.waiting import until
from tests.worker.gate import gate_to
from tests.worker.harness import WorkerProcess
from tests.worker.sending import Outgoing, Sender, encode, sender

__all__ = ["FAULTS", "Ground", "Outcome"]

#: Longer than any of them needs to stop, where it does.
GRACE_S = 6.0

_CUSTOMERS = 40
_SOME, _MANY = 200, 600
_AWAY_S = 1.5
_BURST, _BURSTS_S = 100, 0.5
_TOO_MANY_PARTS = 252

#: How often a worker that does no more is started again.
_RESTARTS = 2


class Outcome(NamedTuple):
    """How many answers were sent, are not stored, and are stored more than once.

    `restarts`: how often the worker was started again, as it did no more. `stuck`: that did not help.
    """

    sent: int
    lost: int
    doubled: int
    restarts: int = 0
    stuck: bool = False


@dataclass
class Ground:
    """Where a fault happens."""

    brokers: str
    access: ClickHouseAccess
    folder: Path


class Run:
    """One pipeline, what is sent into it, and what came out."""

    def __init__(self, pipe: Pipeline, producer: Sender) -> None:
        self.pipe = pipe
        self._producer = producer
        self._sent: list[str] = []
        self._workers: list[WorkerProcess] = []

    def send(self, count: int) -> None:
        """Send answers of many customers, each with an id of its own."""
        now_ms = int(time.time() * 1000)
        outgoing = []
        for number in range(count):
            event_id, customer = uuid.uuid4().hex, f"c{number % _CUSTOMERS}"
            record = answer(
                event_id=event_id, response_id=event_id, customer_id=customer, responded_at=now_ms
            )
            value = encode(ANSWERS, record)
            outgoing.append(Outgoing(self.pipe.topic, customer.encode(), value, now_ms))
            self._sent.append(event_id)
        self._producer.send(outgoing)

    def send_bytes(self, value: bytes) -> None:
        self._producer.send([Outgoing(self.pipe.topic, b"c1", value, int(time.time() * 1000))])

    def start(self, *, die_after_insert: bool = False) -> WorkerProcess:
        self._workers.append(self.pipe.start(die_after_insert=die_after_insert))
        return self._workers[-1]

    def wait_struck(self, proxy: Proxy) -> None:
        """Wait until everything that was armed has happened to the last process."""
        worker = self._workers[-1]

        def struck() -> bool:
            assert worker.process.poll() is None, worker.end_of_log()
            return not proxy.left

        until("the fault", struck, explain=worker.end_of_log)

    def wait_stored(self, rows: int) -> None:
        until(f"{rows} rows", lambda: self.rows() >= rows, explain=self._workers[-1].end_of_log)

    def rows(self) -> int:
        database = self.pipe.clickhouse.address.database
        return int(self.pipe.clickhouse.rows(f"SELECT count() FROM {database}.answers")[0][0])

    def outcome(self) -> Outcome:
        """Wait until nothing more will happen, and count."""
        restarts = 0
        while not (settled := self.pipe.settled(self._workers[-1])) and restarts < _RESTARTS:
            restarts += 1
            self._workers[-1].kill()
            self.pipe.evict()
            self.start()
        stored = Counter(self.pipe.stored())
        sent = set(self._sent)
        assert not stored.keys() - sent, "rows that nobody sent"
        doubled = sum(copies > 1 for copies in stored.values())
        return Outcome(len(sent), len(sent - stored.keys()), doubled, restarts, not settled)


@contextmanager
def run_of(kind: str, ground: Ground, *, access: ClickHouseAccess | None = None) -> Iterator[Run]:
    """Run a pipeline with an empty log."""
    with (
        pipeline(kind, ground.brokers, access or ground.access, ground.folder) as pipe,
        sender(ground.brokers) as producer,
    ):
        yield Run(pipe, producer)


def refused(kind: str, ground: Ground) -> Outcome:
    """ClickHouse answers one insert with an error that passes (252, too many parts)."""
    host, port = ground.access.host, ground.access.port
    with proxy_to(host, port) as proxy, run_of(kind, ground) as run:
        run.pipe.port = proxy.port
        proxy.arm(Fault("error", "answers", _TOO_MANY_PARTS))
        run.send(_SOME)
        run.start()
        run.wait_struck(proxy)
        return run.outcome()


def away(kind: str, ground: Ground) -> Outcome:
    """ClickHouse cannot be reached for one and a half seconds, in which answers come in."""
    with gate_to(ground.access.host, ground.access.port) as gate, run_of(kind, ground) as run:
        run.pipe.port = gate.port
        run.start()
        run.send(_SOME)
        run.wait_stored(_SOME)
        gate.shut()
        run.send(_MANY)
        _pass(_AWAY_S)
        gate.open()
        run.send(_SOME)
        return run.outcome()


def stopped(kind: str, ground: Ground) -> Outcome:
    """SIGTERM while an insert is under way that does not end; after a grace period SIGKILL."""
    host, port = ground.access.host, ground.access.port
    with run_of(kind, ground) as run:
        with proxy_to(host, port) as proxy:
            direct, run.pipe.port = run.pipe.port, proxy.port
            proxy.arm(Fault("hold", "answers"))
            run.send(_MANY)
            worker = run.start()
            run.wait_struck(proxy)
            try:
                worker.stop(GRACE_S)
            except subprocess.TimeoutExpired:
                worker.kill()
        run.pipe.port = direct
        run.pipe.evict()
        run.start()
        return run.outcome()


def killed(kind: str, ground: Ground) -> Outcome:
    """SIGKILL after an insert, before its offsets are committed; more answers come in meanwhile."""
    with run_of(kind, ground) as run:
        worker = run.start(die_after_insert=True)
        # A batch that is not full, so that a second reading cuts it otherwise.
        run.send(_CUSTOMERS)
        worker.process.wait(60)
        run.send(_SOME)
        run.pipe.evict()
        run.start()
        return run.outcome()


def joined(kind: str, ground: Ground) -> Outcome:
    """Two more workers join, one after the other; a hundred answers come every half a second."""
    with run_of(kind, ground) as run:
        run.start()
        run.send(_BURST)
        run.wait_stored(1)
        for members in (2, 3):
            worker = run.start()
            while not run.pipe.shared_by(members):
                assert worker.process.poll() is None, worker.end_of_log()
                run.send(_BURST)
                _pass(_BURSTS_S)
        run.send(_SOME)
        return run.outcome()


def poisoned(kind: str, ground: Ground) -> Outcome:
    """One record is no answer; the others are."""
    with run_of(kind, ground) as run:
        run.send(_SOME)
        run.send_bytes(b"\x00broken")
        run.send(_SOME)
        run.start()
        return run.outcome()


def crashed(kind: str, ground: Ground) -> Outcome:
    """ClickHouse is killed between the line of its deduplication log and the part that it names.

    Made by hand: the part is taken away while ClickHouse is down, as a kill at that moment leaves it.
    The writer never got an answer to its insert.
    """
    folder = ground.folder / f"clickhouse-{uuid.uuid4().hex[:6]}"
    with ExitStack() as stack:
        server = stack.enter_context(own_clickhouse(folder))
        proxy = stack.enter_context(proxy_to(server.access.host, server.access.port))
        run = stack.enter_context(run_of(kind, ground, access=server.access))
        run.pipe.port = proxy.port
        # The answer is not passed on; the next insert, the same again, does not get through either.
        proxy.arm(Fault("end", "answers"), Fault("hold", "answers"))
        run.send(_SOME)
        run.start()
        run.wait_stored(1)
        database = run.pipe.clickhouse.address.database
        parts = run.pipe.clickhouse.rows(
            f"SELECT path FROM system.parts WHERE database = '{database}' AND table = 'answers'"
        )
        kill(server)
        proxy.disarm()
        for (path,) in parts:
            shutil.move(path, folder / Path(path).name)
        restart(server)
        return run.outcome()


def _pass(seconds: float) -> None:
    """Let time pass: how long a fault lasts is part of it."""
    end = time.monotonic() + seconds
    until("the end of a pause", lambda: time.monotonic() > end)


#: Fault -> how it is made.
FAULTS: dict[str, Callable[[str, Ground], Outcome]] = {
    one.__name__: one for one in (refused, away, stopped, killed, joined, poisoned, crashed)
}
