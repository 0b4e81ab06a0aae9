"""What must hold after any fault: as if nothing had happened, and nobody takes the worker's word for it."""

from __future__ import annotations

from typing import Any

from schemas.codec import Decoder
from schemas.framing import unframe
from schemas.registry import subject_of
from sinks.tables import RAW_TABLES, TABLES
from streams.verifying.auditing import audit, partitions_of
from streams.verifying.scope import Scope
from streams.verifying.stored import Stored
from tests.faults.extent import FULL
from tests.faults.log import SLICES, Log, WatchedStage, make_views, slices_consumer
from tests.worker.harness import Stage, end_offsets, first_difference
from tests.worker.sending import REGISTRY, truth_of

__all__ = ["check", "check_committed", "check_views"]

#: Views that need no more than a second each; of the others in the full form only.
_QUICK_VIEWS = (
    "answers_current", "contact_rule_breaches", "contacts_per_customer", "conversations_current",
    "fact_revisions", "fates", "histograms_by_month", "journey_paths", "off_map_paths",
    "off_map_steps", "participation_bias", "participation_funnel", "rejects_current",
    "scores_by_hour", "sla_open", "slice_groups",
)  # fmt: skip

#: Columns that are another number at every look.
_OF_NOW = {"conversations_current": "age_s", "sla_open": "left_s"}

#: Views may depend on the current minute: a difference must last.
_LOOKS = 3


def check(
    stage: WatchedStage, log: Log, *, gaps: bool = False, in_order: bool = True, views: bool = False
) -> None:
    """Hold everything a worker wrote against what was sent, and against an undisturbed run.

    `gaps`: the log has offsets without a record. `in_order`: no partition had two owners at a time.
    """
    check_conservation(stage, log, gaps=gaps)
    check_ids(stage, log)
    check_verified(stage)
    check_slices_topic(stage, in_order=in_order)
    difference = first_difference(stage, log.quiet())
    assert not difference, difference
    if views or FULL:
        check_views(stage, log.quiet())


def check_conservation(stage: Stage, log: Log, *, gaps: bool) -> None:
    """Every record sent has exactly one fate, the right one; the ledger covers the log without a hole."""
    assert stage.fates() == dict(truth_of(log.sent).fates)
    rows = stage.clickhouse.rows(
        "SELECT _topic, _partition, first, last, read, gaps, accepted + corrected + duplicate + rejected "
        f"FROM {stage.name}.ledger FINAL ORDER BY _topic, _epoch, _partition, _chunk"
    )
    at: dict[tuple[str, int], int] = {}
    began: dict[tuple[str, int], int] = {}
    for topic, partition, first, last, read, missing, fates in rows:
        place = topic, partition
        began.setdefault(place, first)
        assert at.setdefault(place, first) == first, f"{place}: a hole or an overlap at {first}"
        assert read == fates
        assert read + missing == last - first + 1
        assert gaps or not missing
        at[place] = last + 1
    if not gaps:
        ends = {(p.topic, p.partition): end for p, end in end_offsets(stage.brokers).items()}
        first_ones = {(p.topic, p.partition): start for p, start in log.starts.items()}
        assert at == {place: end for place, end in ends.items() if end > first_ones[place]}
        assert began == {place: first_ones[place] for place in began}


def check_ids(stage: Stage, log: Log) -> None:
    """The raw tables hold every id that was sent and may count, and no other."""
    sent = {
        event.record["event_id"] for event in log.sent if event.record and event.fate != "rejected"
    }
    stored: set[str] = set()
    rows = 0
    for table in RAW_TABLES:
        found = stage.clickhouse.rows(f"SELECT event_id FROM {stage.name}.{table.name} FINAL")
        stored |= {event_id for (event_id,) in found}
        rows += len(found)
    assert stored == sent
    assert rows == len(stored), "an id stands twice"


def check_verified(stage: Stage) -> None:
    """`earshot verify` finds no difference, and could check everything."""
    stored, scope = Stored(stage.clickhouse), Scope()
    found = audit(stored, scope, partitions_of(stored, scope), lambda _: None)
    assert not found.findings
    assert not found.unchecked
    assert not found.different, found.differences[:3]
    assert found.cells


def check_slices_topic(stage: WatchedStage, *, in_order: bool) -> None:
    """The highest version of each key on `feedback.slices` is the row of the table.

    `in_order`: it is also the last message of the key. Where two workers have owned a partition at the
    same time it need not be, nor where one was stopped before it came as far as one before; readers go
    by the version.
    """
    latest, last = _slices_sent(stage)
    names = TABLES["slices"].columns
    rows = stage.clickhouse.rows(f"SELECT {', '.join(names)} FROM {stage.name}.slices FINAL")
    stored, chunks = {}, {}
    for values in rows:
        row = dict(zip(names, values, strict=True))
        key = (
            f"{row['series']:032x}|{int(row['slice_start'].timestamp())}|{row['bucket']}|"
            f"{row['_topic']}|{row['_epoch']}|{row['_partition']}|{row['_chunk']}"
        )
        stored[key.encode()] = (row["_version"], row["n"], row["_definitions"])
        chunks[key.encode()] = row["_topic"], row["_epoch"], row["_partition"], row["_chunk"]
    assert latest == stored
    if in_order:
        newest = stage.newest_worker
        behind = {chunk for chunk, worker in stage.folded_by().items() if worker != newest}
        told_before = {key for key, one in stored.items() if last[key] != one}
        assert {chunks[key] for key in told_before} <= behind


def _slices_sent(stage: WatchedStage) -> tuple[dict[bytes, Any], dict[bytes, Any]]:
    """Return version, count and definitions by key: of the highest version, and of the last message."""
    schema = REGISTRY.latest(subject_of(SLICES))
    decoder = Decoder(schema, schema)
    latest: dict[bytes, Any] = {}
    last: dict[bytes, Any] = {}
    with slices_consumer(stage.brokers) as (consumer, parts):
        ends = consumer.end_offsets(parts)
        left = [part for part in parts if ends[part] > stage.slices_from[part]]
        consumer.assign(left)
        for part in left:
            consumer.seek(part, stage.slices_from[part])
        while any(consumer.position(part) < ends[part] for part in left):
            for messages in consumer.poll(timeout_ms=500, max_records=5000).values():
                for message in messages:
                    framed = unframe(message.value)
                    assert framed is not None
                    record = decoder.decode(framed.body)
                    told = (record["version"], record["n"], record["definitions"])
                    last[message.key] = told
                    latest[message.key] = max(told, latest.get(message.key, told))
    return latest, last


def check_committed(stage: Stage) -> None:
    """Nothing is committed that is not in ClickHouse: neither its fate nor the record itself."""
    rows = stage.clickhouse.rows(
        f"SELECT topic, partition, last_offset + 1, accepted + corrected + rejected FROM {stage.name}.fates"
    )
    durable = {(topic, partition): end for topic, partition, end, _ in rows}
    for part, offset in stage.committed().items():
        if offset > stage.starts.get(part, 0):
            assert offset <= durable.get((part.topic, part.partition), 0), part
    kept: dict[tuple[str, int], int] = {}
    for table in (*(one.name for one in RAW_TABLES), "rejects"):
        counts = stage.clickhouse.rows(
            f"SELECT _topic, _partition, count() FROM {stage.name}.{table} AS t FINAL "
            f"WHERE _offset < (SELECT max(last_offset) + 1 FROM {stage.name}.fates "
            "WHERE topic = t._topic AND partition = t._partition) GROUP BY _topic, _partition"
        )
        for topic, partition, count in counts:
            kept[topic, partition] = kept.get((topic, partition), 0) + count
    for topic, partition, _, expected in rows:
        assert kept.get((topic, partition), 0) >= expected


def check_views(stage: Stage, quiet: Stage) -> None:
    """What BI tools read is the same, row by row."""
    for one in (stage, quiet):
        if not one.clickhouse.rows(f"EXISTS VIEW {one.name}.scores_by_hour")[0][0]:
            make_views(one, slow=FULL)
    names: list[str] = list(_QUICK_VIEWS)
    if FULL:
        found = stage.clickhouse.rows(
            f"SELECT name FROM system.tables WHERE database = '{stage.name}' AND engine = 'View' "
            "AND empty(parameterized_view_parameters)"
        )
        names = sorted(name for (name,) in found)
    for name in names:
        columns = f"* EXCEPT ({_OF_NOW[name]})" if name in _OF_NOW else "*"
        for look in range(_LOOKS):
            ours, theirs = (
                # As text: no number is equal to NaN.
                sorted(map(repr, one.clickhouse.rows(f"SELECT {columns} FROM {one.name}.{name}")))
                for one in (stage, quiet)
            )
            if ours == theirs:
                break
            more, less = set(ours) - set(theirs), set(theirs) - set(ours)
            told = f"{name}: only here {sorted(more)[:3]}, only there {sorted(less)[:3]}"
            assert look < _LOOKS - 1, told
