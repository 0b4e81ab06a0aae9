"""ClickHouse is killed, stays away, or loses what it had taken: Kafka and the chunk bring it back."""

from __future__ import annotations

import random
import time

import psutil
import pytest

from streams.simulation import SimulatedEvent, Simulation, SimulationConfig
from tests.faults.extent import FULL, kills
from tests.faults.log import HARSH, LITTLE, Log, stream
from tests.faults.oracle import check, check_committed
from tests.faults.servers import kill, own_clickhouse, restart
from tests.faults.wire import Fault, proxy_to
from tests.waiting import until
from tests.worker.gate import gate_to
from tests.worker.sending import REGISTRY, sender

pytestmark = [pytest.mark.kafka, pytest.mark.clickhouse, pytest.mark.faults]

_DAY_MS = 86_400_000
#: A worker that waits as often as any other, and not as long. An hour of its waiting takes {speed}
#: times less.
_HASTY = """
import asyncio, sys
import streams.app
from streams.cli.main import main
class Hasty(streams.app.Intake):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, sleep=lambda s: asyncio.sleep(s / {speed}), **kwargs)
streams.app.Intake = Hasty
sys.argv[1:] = ["worker"]
main()
"""


def _over_months(count: int) -> list[SimulatedEvent]:
    """Return events of a whole quarter that are sent now: one batch has rows of every month."""
    now_ms = int(time.time() * 1000)
    config = SimulationConfig(
        start_ms=now_ms - 110 * _DAY_MS,
        seed=5,
        rate=count / (100 * 86_400),
        customers=60,
        faults=HARSH,
    )
    stream = iter(Simulation(config, REGISTRY))
    return [next(stream)._replace(at_ms=now_ms) for _ in range(count)]


def test_killed_under_load(log: Log) -> None:
    times = kills()
    rng = random.Random(7)
    sent = _over_months(60 * (times + 1))
    with own_clickhouse(log.folder / "clickhouse") as server, sender(log.brokers) as producer:
        stage = log.stage(server.access)
        worker = stage.start(program=_HASTY.format(speed=5), **LITTLE)
        for number in range(times):
            log.send(producer, sent[60 * number : 60 * (number + 1)])
            # In the middle of whatever it takes to write some of them.
            stage.wait_read(60 * number + rng.randint(1, 40))
            kill(server)
            restart(server)
        log.send(producer, sent[60 * times :])
        stage.wait_read(len(sent))
        assert worker.stop() == 0
        assert worker.events("waiting"), "no kill was noticed"
        assert b"Traceback" not in worker.log.read_bytes()
        check(stage, log, views=True)
        log.remove(stage)


def test_worker_killed_half_way_through_an_insert_of_three_months(log: Log) -> None:
    with proxy_to(log.access.host, log.access.port) as proxy, sender(log.brokers) as producer:
        log.send(producer, _over_months(600))
        stage = log.stage()
        stage.port = proxy.port
        for table in ("answers", "interactions"):
            proxy.arm(Fault("hold", table))
            worker = stage.start(chunk=64, flush_s=0.5, fetch_records=500)
            until("half of an insert", lambda: not proxy.left, explain=worker.end_of_log)
            worker.kill()
            check_committed(stage)
            stage.evict()
        worker = stage.start()
        stage.wait_read(len(log.sent))
        assert worker.stop() == 0
    rows = stage.clickhouse.rows(
        f"SELECT uniq(toYYYYMM(responded_at)) FROM {stage.name}.answers FINAL"
    )
    assert rows[0][0] >= 3
    check(stage, log)


@pytest.mark.parametrize("lost", [("answers",), ("interactions", "conversations"), ("slices",)])
def test_what_clickhouse_took_and_lost_is_written_again(log: Log, lost: tuple[str, ...]) -> None:
    # What a deduplicated insert would never do: its retry is dropped as a duplicate of nothing.
    # Wherever the log begins, all of it is one open chunk: full ones are for `earshot replay`.
    log.settings = {"chunk": 2**20}
    with sender(log.brokers) as producer:
        log.send(producer, stream(600))
    stage = log.stage()
    worker = stage.start(**LITTLE)
    stage.wait_read(100)
    counts = ", ".join(f"(SELECT count() FROM {stage.name}.{table})" for table in lost)
    until("rows to lose", lambda: all(stage.clickhouse.rows(f"SELECT {counts}")[0]))
    worker.kill()
    stage.evict()
    for table in lost:
        stage.clickhouse.command(f"TRUNCATE TABLE {stage.name}.{table}")
    worker = stage.start()
    # The ledger still says what was read before: only what is folded again is written again.
    until(
        "all is folded again",
        lambda: set(stage.folded_by().values()) == {worker.name},
        explain=worker.end_of_log,
    )
    stage.wait_read(len(log.sent))
    assert worker.stop() == 0
    check(stage, log)


def test_away_for_half_an_hour(log: Log) -> None:
    speed, minutes = 200, 120 if FULL else 30
    waiting = stream(6000)
    with gate_to(log.access.host, log.access.port) as gate, sender(log.brokers) as producer:
        stage = log.stage()
        stage.port = gate.port
        worker = stage.start(program=_HASTY.format(speed=speed))
        log.send(producer, waiting[:300])
        stage.wait_read(300)
        gate.shut()
        log.send(producer, waiting[300:])
        process = psutil.Process(worker.process.pid)
        worker.wait_event("waiting", count=5)
        before = process.memory_info().rss
        until(
            f"{minutes} minutes of waiting",
            lambda: sum(line["again_in_s"] for line in worker.events("waiting")) > minutes * 60,
            explain=worker.end_of_log,
        )
        assert process.memory_info().rss - before < 32 * 1024**2, "Kafka keeps it, not the worker"
        assert stage.read() == 300
        assert sum(at - stage.starts[part] for part, at in stage.committed().items()) <= 300
        check_committed(stage)
        gate.open()
        stage.wait_read(len(log.sent))
        assert worker.stop() == 0
        assert b"Traceback" not in worker.log.read_bytes()
    check(stage, log)
