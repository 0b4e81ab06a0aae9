"""Afterwards: is everything as if nothing had happened?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from kafka import TopicPartition

from schemas.catalog import INPUTS
from streams.fold.kinds import KINDS
from streams.verifying.auditing import audit, partitions_of
from streams.verifying.scope import Scope
from streams.verifying.stored import Stored
from tests.faults.log import WatchedStage, slices_consumer
from tests.faults.oracle import check_slices_topic
from tests.faults.soak.slices import sampled
from tests.faults.soak.truth import IDS_IN_SQL, Sent

__all__ = ["Verdict", "judge"]

#: Messages on `feedback.slices` whose keys may all be held in memory.
_MOST_MESSAGES = 4_000_000


@dataclass(slots=True)
class Verdict:
    """What was found. `problems` is empty if every promise was kept."""

    problems: list[str] = field(default_factory=list)
    records: int = 0
    lost: int = 0
    doubled: int = 0
    cells: int = 0
    differences: int = 0
    #: Messages on `feedback.slices`; of too many, only some keys are compared with the table.
    slice_messages: int = 0

    def expect(self, found: object, expected: object, what: str) -> None:
        """Note a problem unless two things are equal."""
        if found != expected:
            self.problems.append(f"{what}: {found} instead of {expected}")


def judge(stage: WatchedStage, sent: Sent, ends: Mapping[TopicPartition, int]) -> Verdict:
    """Hold everything that was written against what was sent; `ends` are where the logs end."""
    verdict = Verdict()
    _judge_fates(stage, sent, verdict)
    _judge_ledger(stage, ends, verdict)
    _judge_ids(stage, sent, verdict)
    _judge_numbers(stage, verdict)
    _judge_slices_topic(stage, verdict)
    return verdict


def _judge_fates(stage: WatchedStage, sent: Sent, verdict: Verdict) -> None:
    verdict.records = stage.read()
    verdict.expect(verdict.records, sent.truth.total, "records with a fate")
    verdict.expect(stage.fates(), dict(sent.truth.fates), "fates")
    rows = stage.clickhouse.rows(
        f"SELECT _topic, reason, count() FROM {stage.name}.rejects FINAL GROUP BY _topic, reason"
    )
    rejected = {(topic, reason): count for topic, reason, count in rows}
    verdict.expect(rejected, dict(sent.truth.rejected), "rejects")


def _judge_ledger(
    stage: WatchedStage, ends: Mapping[TopicPartition, int], verdict: Verdict
) -> None:
    at: dict[TopicPartition, int] = {}
    rows = stage.clickhouse.rows(
        "SELECT _topic, _partition, first, last, read, gaps, accepted + corrected + duplicate + rejected "
        f"FROM {stage.name}.ledger FINAL ORDER BY _topic, _epoch, _partition, _chunk"
    )
    for topic, number, first, last, read, gaps, fates in rows:
        part = TopicPartition(topic, number)
        verdict.expect(first, at.get(part, 0), f"{part}: first offset of a chunk")
        verdict.expect((read, gaps), (fates, 0), f"{part} from {first}: records and gaps")
        verdict.expect(read, last - first + 1, f"{part} from {first}: records")
        at[part] = last + 1
    expected = {part: end for part, end in ends.items() if end}
    verdict.expect(at, expected, "ends of the ledger")
    committed = {part: at for part, at in stage.committed().items() if at}
    verdict.expect(committed, expected, "committed offsets")


def _judge_ids(stage: WatchedStage, sent: Sent, verdict: Verdict) -> None:
    for topic in INPUTS:
        table = KINDS[topic.name].table
        ((rows, ids, hashes),) = stage.clickhouse.rows(
            f"SELECT count(), uniqExact(event_id), {IDS_IN_SQL} FROM {stage.name}.{table} FINAL"
        )
        expected = sent.stored(topic.name)
        verdict.doubled += rows - ids
        verdict.lost += max(0, expected - ids)
        verdict.expect(rows, expected, f"rows of {table}")
        verdict.expect(ids, expected, f"ids of {table}")
        verdict.expect(hashes, sent.ids.get(topic.name, 0), f"sum of the ids of {table}")


def _judge_numbers(stage: WatchedStage, verdict: Verdict) -> None:
    stored, scope = Stored(stage.clickhouse), Scope()
    found = audit(stored, scope, partitions_of(stored, scope), lambda _: None)
    verdict.cells, verdict.differences = found.cells, found.different
    verdict.expect(found.different, 0, f"cells that differ, such as {found.differences[:2]}")
    verdict.expect(found.findings, [], "findings in the ledger")
    verdict.expect(len(found.unchecked), 0, "partitions that could not be verified")
    if not found.cells:
        verdict.problems.append("there was nothing to verify")


def _judge_slices_topic(stage: WatchedStage, verdict: Verdict) -> None:
    with slices_consumer(stage.brokers) as (consumer, parts):
        messages = sum(consumer.end_offsets(parts).values())
    verdict.slice_messages = messages
    if messages <= _MOST_MESSAGES:
        try:
            check_slices_topic(stage, in_order=False)
        except AssertionError:
            verdict.problems.append("feedback.slices differs from the table slices")
        return
    part = -(-messages // _MOST_MESSAGES)
    told, stored = sampled(stage, part)
    different = [key for key in told.keys() | stored if told.get(key) != stored.get(key)]
    verdict.expect(len(different), 0, f"of {len(stored)} keys, differences on feedback.slices")
