"""An explanation as JSON holds it. No customer is named, and nothing a customer wrote."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from schemas.measures import Measures
from streams.explaining.buckets import bucket_range
from streams.explaining.definition import definition_of
from streams.explaining.explanation import Explained, Explanation
from streams.explaining.formulas import INTERVALS
from streams.explaining.timeline import steps_of
from streams.explaining.traces import Trace

__all__ = ["as_json", "said_at"]


def said_at(time_ms: int) -> str:
    """Return an instant as ISO 8601 in UTC, to the millisecond."""
    moment = datetime.fromtimestamp(time_ms // 1000, UTC).replace(microsecond=time_ms % 1000 * 1000)
    return moment.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def as_json(found: Explanation, measures: Measures, *, timelines: bool) -> dict[str, Any]:
    """Return everything about a number, with durations in seconds.

    Records and buckets are left out where the value is suppressed.
    """
    shown = not found.is_suppressed
    window = found.query.window
    return {
        "query": str(found.query),
        "measure": found.measure.name,
        "dimensions": found.query.where,
        "window_start": window.since and window.since.isoformat(),
        "window_end": window.until and window.until.isoformat(),
        "provisional": found.provisional,
        "scores": [_score(one, found) for one in found.scores],
        "thresholds": asdict(found.thresholds),
        "definitions": [one._asdict() for one in found.versions],
        "definition": [{"what": what, "says": says} for what, says in definition_of(found.measure, measures)],
        "histogram": _histogram(found) if shown else None,
        "adds_up": found.adds_up,
        "erased": sum(found.erased.values()),
        "records_found": found.gathered.count,
        "records": _records(found.gathered.made, found, timelines=timelines) if shown else None,
        "left_out_found": found.gathered.left_out_count,
        "left_out": _records(found.gathered.left_out, found, timelines=False) if shown else None,
        "revisions": [asdict(one) for one in found.revisions] if shown else None,
    }  # fmt: skip


def _score(one: Explained, found: Explanation) -> dict[str, Any]:
    interval = INTERVALS[one.result.method]
    return {
        "score": one.score.name,
        **asdict(one.result),
        "unit": one.score.unit,
        "confidence": found.thresholds.confidence,
        "formula": one.formula,
        "interval": interval.formula,
        "interval_source": interval.source,
    }


def _histogram(found: Explanation) -> list[dict[str, Any]]:
    rows = []
    for bucket, n in found.histogram.items():
        row: dict[str, Any] = {"bucket": bucket, "n": n}
        if found.measure.is_duration:
            row["from_s"], row["to_s"] = bucket_range(bucket)
        rows.append(row)
    return rows


def _records(
    traces: Sequence[Trace], found: Explanation, *, timelines: bool
) -> list[dict[str, Any]]:
    return [_record(trace, found, timelines=timelines) for trace in traces]


def _record(trace: Trace, found: Explanation, *, timelines: bool) -> dict[str, Any]:
    value = trace.value
    row: dict[str, Any] = {
        **dict(trace.names),
        "time": said_at(trace.time_ms),
        "value": value / 1000 if value is not None and found.measure.is_duration else value,
        "topic": trace.topic,
        "epoch": trace.epoch,
        "partition": trace.partition,
        "offset": trace.offset,
    }
    if trace.revision is not None:
        row["revision"] = trace.revision
    if trace.note:
        row["note"] = trace.note
    if trace.left_out:
        row["left_out"] = trace.left_out
    if timelines and trace.story:
        row["timeline"] = [
            {"time": said_at(step.time_ms), "type": step.type, "actor": step.actor,
             "state": step.state, "event_id": step.event_id, "offset": step.offset}
            for step in steps_of(trace.story)
        ]  # fmt: skip
    return row
