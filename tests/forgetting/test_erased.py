"""A customer is erased on the real broker and the real engine, also by workers that die of it."""

from __future__ import annotations

import signal
import time
import uuid
from collections import Counter
from collections.abc import Iterable

import pytest

from streams.forgetting import Request, ask_all, wait_until_erased
from streams.producing import Publisher
from streams.simulation import SimulatedEvent
from streams.store import Store
from streams.verifying.auditing import audit, partitions_of
from streams.verifying.scope import Scope
from streams.verifying.stored import Stored
from tests.worker.harness import RAW, Stage, empty_inputs, first_difference, whole
from tests.worker.sending import REGISTRY, events, on_the_wire, sender

pytestmark = [pytest.mark.kafka, pytest.mark.clickhouse]

PARTITIONS = 16

#: A worker that is gone at one point of an erasure.
_DIES = """
import os, sys
from streams.agents.flushing import Flusher
from streams.cli.main import main
from streams.traces import Traces
def gone():
    os.kill(os.getpid(), 9)
{patch}
sys.argv[1:] = ["worker"]
main()
"""
_PATCHES = {
    "before the marker": """
write = Flusher._upsert
async def upsert(self, table, parts):
    if table == "erasures":
        gone()
    return await write(self, table, parts)
Flusher._upsert = upsert
""",
    "after the marker": """
write = Flusher.write_erased
async def write_erased(self, *args):
    await write(self, *args)
    gone()
Flusher.write_erased = write_erased
""",
    "after the rows": """
delete = Traces.delete
def deleted(self, *args):
    delete(self, *args)
    gone()
Traces.delete = deleted
""",
}


def customer_of_most(sent: Iterable[SimulatedEvent]) -> str:
    """Return the customer most records are about."""
    found = Counter(
        str(event.record["customer_id"])
        for event in sent
        if event.record is not None and event.record.get("customer_id")
    )
    return found.most_common(1)[0][0]


def ask(stage: Stage, name: str, mode: str) -> Request:
    """Send the control records, and wait for nothing."""
    request = Request(name, "customer", "keep" if mode == "keep" else "drop", uuid.uuid4().hex)
    with Publisher(stage.brokers, REGISTRY) as publisher:
        assert sum(ask_all(request, publisher).values()) == PARTITIONS
    return request


def wait(stage: Stage, request: Request) -> int:
    """Wait until everything is erased; return how many raw rows were."""
    parts = dict.fromkeys(
        (f"feedback.{name}" for name in ("responses", "invitations", "interactions", "followups")),
        4,
    )
    erased = wait_until_erased(stage.clickhouse, request.id, parts, limit_s=60)
    return sum(one.rows for one in erased.values())


def rows_of(stage: Stage, name: str) -> int:
    """Return in how many rows of any table the customer is named."""
    count = 0
    for table in (*RAW, "conversations"):
        rows = stage.clickhouse.rows(
            f"SELECT count() FROM {stage.name}.{table} WHERE customer_id = %(name)s", {"name": name}
        )
        count += rows[0][0]
    rows = stage.clickhouse.rows(
        f"SELECT count() FROM {stage.name}.rejects WHERE key = %(name)s", {"name": name}
    )
    return int(count + rows[0][0])


def counts(stage: Stage) -> list[tuple[object, ...]]:
    return stage.clickhouse.rows(
        f"SELECT measure, series, slice_start, bucket, sum(n) AS total FROM {stage.name}.slices "
        "FINAL GROUP BY ALL HAVING total != 0 ORDER BY ALL"
    )


def verified(stage: Stage) -> bool:
    """Return whether every number is what the raw rows and the kept counts come to."""
    stored = Stored(stage.clickhouse)
    found = audit(stored, Scope(), partitions_of(stored, Scope()), lambda _: None)
    assert not found.findings
    assert found.cells > 0
    return found.different == 0 and not found.unchecked


@pytest.mark.parametrize("where", _PATCHES)
def test_a_worker_killed_while_it_erases_changes_nothing(stage: Stage, where: str) -> None:
    sent = events(1200)
    name = customer_of_most(sent)
    with sender(stage.brokers) as one:
        one.send(map(on_the_wire, sent[:800]))
        request = ask(stage, name, "keep")
        one.send(map(on_the_wire, sent[800:]))
    program = _DIES.format(patch=_PATCHES[where])
    for _ in range(2):
        worker = stage.start(program=program)
        assert worker.process.wait(60) == -9, worker.end_of_log()
        stage.evict()
    worker = stage.start()
    total = len(sent) + PARTITIONS
    stage.wait_read(total)
    assert wait(stage, request) > 5
    assert worker.stop() == 0
    assert name not in worker.log.read_text(encoding="utf-8")
    quiet = whole(stage, total)
    try:
        assert not first_difference(stage, quiet)
    finally:
        quiet.close()


def test_dropped_counts_are_those_of_a_log_without_the_customer(stage: Stage) -> None:
    sent = events(1500)
    name = customer_of_most(sent)
    others = [event for event in sent if event.key != name]
    worker = stage.start()
    with sender(stage.brokers) as one:
        one.send(map(on_the_wire, sent))
        stage.wait_read(len(sent))
        assert rows_of(stage, name) > 5
        before = counts(stage)
        assert wait(stage, ask(stage, name, "drop")) > 5
        assert rows_of(stage, name) == 0
        assert worker.stop() == 0
        assert counts(stage) != before
        assert verified(stage)
        without = Stage(stage.brokers, stage.access, stage.folder, empty_inputs(stage.brokers))
        without.make_tables()
        try:
            one.send(map(on_the_wire, others))
            worker = without.start()
            without.wait_read(len(others))
            assert worker.stop() == 0
            assert counts(stage) == counts(without)
        finally:
            without.close()


def test_kept_counts_stay_and_what_comes_later_is_new(stage: Stage) -> None:
    sent = events(900)
    name = customer_of_most(sent)
    worker = stage.start()
    with sender(stage.brokers) as one:
        one.send(map(on_the_wire, sent))
        stage.wait_read(len(sent))
        before = counts(stage)
        wait(stage, ask(stage, name, "keep"))
        assert counts(stage) == before
        assert rows_of(stage, name) == 0
        # The same records once more: theirs are new, all others are known.
        again = [event for event in sent if event.key == name]
        accepted = sum(n for (_, fate), n in stage.fates().items() if fate == "accepted")
        one.send(map(on_the_wire, sent))
        stage.wait_read(2 * len(sent) + PARTITIONS)
    assert worker.stop() == 0
    more = sum(n for (_, fate), n in stage.fates().items() if fate == "accepted") - accepted
    assert 0 < more <= len(again)
    assert rows_of(stage, name) > 0
    assert verified(stage)


def test_a_worker_that_slept_through_an_erasure_brings_nothing_back(stage: Stage) -> None:
    sent = events(600)
    name = customer_of_most(sent)
    with sender(stage.brokers) as one:
        one.send(map(on_the_wire, sent))
    asleep = stage.start(flush_s=15)
    asleep.wait_event("partition_opened", count=4)  # it has read, and written nothing yet
    asleep.process.send_signal(signal.SIGSTOP)
    assert stage.read() == 0
    stage.evict()
    request = ask(stage, name, "keep")
    worker = stage.start()
    stage.wait_read(len(sent) + PARTITIONS)
    assert wait(stage, request) > 5
    asleep.process.send_signal(signal.SIGCONT)
    asleep.wait_event("outrun_by_erasure")
    assert asleep.stop() == 0
    assert worker.stop() == 0
    assert rows_of(stage, name) == 0
    assert verified(stage)
    quiet = whole(stage, len(sent) + PARTITIONS)
    try:
        assert not first_difference(stage, quiet)
    finally:
        quiet.close()


def test_what_was_counted_before_the_topics_were_created_again_goes_too(stage: Stage) -> None:
    sent = events(300)
    name = customer_of_most(sent)
    worker = stage.start()
    with sender(stage.brokers) as one:
        one.send(map(on_the_wire, sent))
    stage.wait_read(len(sent))
    assert worker.stop() == 0
    # To the next worker it is as if the broker had given the topics new ids since.
    store = Store(stage.clickhouse)
    store.write_epochs([one._replace(topic_id="gone") for one in store.epochs()], time.time())
    request = ask(stage, name, "keep")
    worker = stage.start()
    stage.wait_read(2 * len(sent) + PARTITIONS)
    assert {one.number for one in store.epochs()} == {0, 1}
    erased = wait(stage, request)
    assert rows_of(stage, name) == 0
    by_epoch = stage.clickhouse.rows(
        f"SELECT sum(rows) FROM {stage.name}.erasures FINAL GROUP BY _epoch ORDER BY _epoch"
    )
    assert [rows for (rows,) in by_epoch] == [erased // 2] * 2, "the same records, twice"
    second = customer_of_most(event for event in sent if event.key != name)
    assert wait(stage, ask(stage, second, "drop")) > 5
    assert worker.stop() == 0
    assert rows_of(stage, second) == 0
    assert verified(stage)
