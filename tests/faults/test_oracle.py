"""The suite proves nothing if it cannot tell a worker that loses something from one that does not."""

from __future__ import annotations

import pytest

from tests.faults.log import LITTLE, Log
from tests.faults.oracle import (
    check_committed,
    check_conservation,
    check_ids,
    check_slices_topic,
    check_verified,
)
from tests.worker.harness import first_difference

pytestmark = [pytest.mark.kafka, pytest.mark.clickhouse, pytest.mark.faults]

_RUN = """
from streams.cli.main import main
import sys
sys.argv[1:] = ["worker"]
main()
"""

#: Commits what was folded, as stock Faust does, not what was written.
_EARLY = """
from streams.agents.intake import Intake
take = Intake.take
async def early(self, batch, positions):
    await take(self, batch, positions)
    for tp, own in self._own.items():
        positions.mark_durable(tp, own.fold.position)
Intake.take = early
"""

#: Loses one insert of a table, and says that it was written.
_LOSING = """
from streams.store import Store
write, lost = Store.write, []
def losing(self, table, columns):
    if table == "{table}" and not lost:
        lost.append(table)
        return len(columns[0])
    return write(self, table, columns)
Store.write = losing
"""

#: Never says on Kafka what it counted in one of its slices, however often it counts it anew.
_SILENT = """
from streams.outputs import Outputs
send, unsaid = Outputs.send, []
async def silent(self, topic, messages):
    messages = list(messages)
    if topic == "feedback.slices":
        unsaid.append(messages[0][0])
        messages = [message for message in messages if message[0] != unsaid[0]]
    await send(self, topic, messages)
Outputs.send = silent
"""


def test_a_commit_before_the_write_is_seen_and_the_ledger_knows_better(shared_log: Log) -> None:
    stage = shared_log.stage()
    early = stage.start_and_die(
        "committed:1", program=_EARLY + _RUN, flush_s=30, fetch_records=20, chunk=8
    )
    assert early.process.returncode == 137, early.end_of_log()
    with pytest.raises(AssertionError):
        check_committed(stage)
    with pytest.raises(AssertionError):
        check_conservation(stage, shared_log, gaps=False)
    stage.evict()
    worker = stage.start(chunk=8)
    stage.wait_read(len(shared_log.sent))
    assert worker.stop() == 0
    assert worker.events("committed_beyond_ledger")
    check_conservation(stage, shared_log, gaps=False)


def test_rows_that_were_never_written_are_seen(shared_log: Log) -> None:
    stage = shared_log.stage()
    worker = stage.start(program=_LOSING.format(table="interactions") + _RUN, **LITTLE)
    stage.wait_read(len(shared_log.sent))
    assert worker.stop() == 0
    check_conservation(stage, shared_log, gaps=False)  # it believes that all is well
    with pytest.raises(AssertionError):
        check_ids(stage, shared_log)
    with pytest.raises(AssertionError):
        check_verified(stage)
    assert first_difference(stage, shared_log.quiet()).startswith("interactions")


def test_counts_that_were_never_sent_are_seen(shared_log: Log) -> None:
    stage = shared_log.stage()
    worker = stage.start(program=_SILENT + _RUN, fetch_records=1000, flush_s=1)
    stage.wait_read(len(shared_log.sent))
    assert worker.stop() == 0
    # Before the undisturbed worker says the same on the same topic.
    with pytest.raises(AssertionError):
        check_slices_topic(stage, in_order=True)
    assert not first_difference(stage, shared_log.quiet())
