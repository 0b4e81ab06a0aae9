"""Judge one record: may it be counted? The same rules for the worker, `import` and every replay.

The wall clock never judges: a record's "now" is its broker timestamp, so a replay says the same.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from schemas.measures import SCORELESS, Measure, Measures
from streams.fold.kinds import KINDS, Kind
from streams.fold.rejection import Rejection

__all__ = ["Rules", "check", "future_dated", "measure_of"]

_EARLIEST_MS = int(datetime(1990, 1, 1, tzinfo=UTC).timestamp() * 1000)
_LATEST_MS = int(datetime(2200, 1, 1, tzinfo=UTC).timestamp() * 1000) - 1


@dataclass(frozen=True, slots=True)
class Rules:
    """What records are judged by."""

    measures: Measures
    clock_skew_ms: int = 300_000


def check(
    topic: str, record: dict[str, Any], timestamp_ms: int, rules: Rules, *, stands: bool = False
) -> Rejection | None:
    """Return why a decoded record cannot be counted, or None if it can.

    Args:
        topic: One of the four input topics.
        record: The decoded record; times are epoch milliseconds.
        timestamp_ms: Broker timestamp of the record.
        rules: Measures and limits.
        stands: It was counted when other limits were set: they do not judge it.
    """
    kind = KINDS[topic]
    for field in kind.identity:
        if not record[field]:
            return Rejection("missing_identity", f"{field} is empty")
    if record[kind.symbol] == "UNKNOWN":
        return Rejection("unknown_symbol", f"{kind.symbol} is UNKNOWN")
    return _check_times(kind, record, timestamp_ms, None if stands else rules) or (
        _check_answer(record, rules.measures) if kind.revision else None
    )


def future_dated(kind: Kind, record: dict[str, Any], timestamp_ms: int, clock_skew_ms: int) -> bool:
    """Return whether an event is dated after its broker timestamp by more than a clock may be wrong."""
    return bool(record[kind.time] > timestamp_ms + clock_skew_ms)


def measure_of(record: dict[str, Any], measures: Measures) -> Measure | None:
    """Return the measure a scored answer belongs to, or None if none declares it."""
    low, high = record["scale_min"], record["scale_max"]
    if low is None or high is None:
        return None
    return measures.scored(
        record["metric"],
        record["survey_kind"],
        (low, high),
        higher_is_better=record["higher_is_better"],
    )


def _check_times(
    kind: Kind, record: dict[str, Any], timestamp_ms: int, rules: Rules | None
) -> Rejection | None:
    for field in (kind.time, *kind.times):
        moment = record[field]
        if moment is not None and not _EARLIEST_MS <= moment <= _LATEST_MS:
            return Rejection("time_out_of_range", f"{field} lies before 1990 or after 2199")
    if rules is not None and future_dated(kind, record, timestamp_ms, rules.clock_skew_ms):
        return Rejection(
            "future_dated",
            f"{kind.time} is later than the broker timestamp by more than "
            f"{rules.clock_skew_ms / 1000:g} s",
        )
    return None


def _check_answer(record: dict[str, Any], measures: Measures) -> Rejection | None:
    if record["revision"] < 1:
        return Rejection("bad_revision", "revision is below 1")
    if record["op"] == "UNKNOWN":
        return Rejection("unknown_symbol", "op is UNKNOWN")
    if record["metric"] in SCORELESS:
        return None
    measure = measure_of(record, measures)
    if measure is None or measure.scale is None:
        return Rejection(
            "no_measure",
            f"no measure declares metric {record['metric']}, survey_kind {record['survey_kind']}, "
            f"scale {record['scale_min']} to {record['scale_max']}, "
            f"higher_is_better {str(record['higher_is_better']).lower()}",
        )
    if measure.survey_versions and record["survey_version"] not in measure.survey_versions:
        return Rejection(
            "no_measure",
            f"the measure {measure.name} takes survey_version "
            f"{', '.join(map(str, sorted(measure.survey_versions)))}, not {record['survey_version']}",
        )
    if record["op"] == "DELETE" or record["dismissed"]:
        return None
    score = record["value_number"]
    if score is None:
        return Rejection("missing_score", "value_number is null")
    if not math.isfinite(score) or score != int(score):
        return Rejection("score_not_whole", "value_number is not a whole number")
    if not measure.scale[0] <= score <= measure.scale[1]:
        return Rejection(
            "score_out_of_range",
            f"value_number lies outside {measure.scale[0]} to {measure.scale[1]}",
        )
    return None
