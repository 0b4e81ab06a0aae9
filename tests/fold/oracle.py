"""What must be counted, the slow and obvious way. Shares nothing with the fold but `Cell`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from streams.fold.cells import Cell
from streams.fold.partition import Decoded
from streams.fold.rejection import Rejection

#: What every measure of answers declares.
NAMES = (
    "survey_id", "question_id", "touchpoint", "channel", "journey_stage", "team_id", "agent_id", "product",
    "region",
)  # fmt: skip

_SCORED: dict[tuple[Any, ...], str] = {
    ("NPS", "RELATIONSHIP", 0, 10): "nps.relational",
    ("CSAT", 1, 5): "csat.1-5",
}

#: Measures that count a customer once, and how long a period is written as a time.
_ONCE: dict[tuple[Any, ...], tuple[str, str]] = {
    ("NPS", "RELATIONSHIP", 0, 10): ("nps.relational.customers", "%Y-%m"),
    ("CSAT", 1, 5): ("csat.1-5.customers", "%Y-%m-%d"),
}


def good(record: Decoded) -> bool:
    """Whether a record of `strategies.logs` is one that counts."""
    content = record.content
    return (
        not isinstance(content, Rejection)
        and bool(content["response_id"])
        and content["responded_at"] <= record.timestamp_ms + 300_000
        and (content["value_number"] is None or content["value_number"] <= 10)
    )


def current(log: Iterable[Decoded]) -> list[dict[str, Any]]:
    """Return the highest revision of every answer; of equal ones the first in the log."""
    found: dict[tuple[str, str, str], dict[str, Any]] = {}
    for record in sorted(log, key=lambda record: record.offset):
        if not good(record) or isinstance(record.content, Rejection):
            continue
        content = record.content
        identity = (content["source"], content["response_id"], content["question_id"])
        if identity not in found or content["revision"] > found[identity]["revision"]:
            found[identity] = content
    return list(found.values())


def counts(log: Iterable[Decoded]) -> Counter[Cell]:
    """Return how often every bucket was chosen by the answers that stand."""
    cells: Counter[Cell] = Counter()
    latest: dict[tuple[str, ...], tuple[tuple[Any, ...], Cell]] = {}
    for answer in current(log):
        if answer["op"] == "DELETE" or answer["dismissed"] or answer["is_test"]:
            continue
        minute = answer["responded_at"] // 60_000 * 60_000
        series = tuple(answer[name] or "" for name in NAMES)
        cells[Cell("answers", NAMES, series, minute, 0)] += 1
        if answer["value_number"] is None:
            continue
        bucket = int(answer["value_number"])
        scale = (answer["metric"], answer["scale_min"], answer["scale_max"])
        for known in (scale, (answer["metric"], answer["survey_kind"], *scale[1:])):
            if name := _SCORED.get(known):
                cells[Cell(name, NAMES, series, minute, bucket)] += 1
            if once := _ONCE.get(known):
                name, period = once
                when = datetime.fromtimestamp(answer["responded_at"] / 1000, UTC)
                owner = answer["customer_id"] or answer["response_id"]
                order = (answer["responded_at"], answer["source"], answer["response_id"])
                found = (order, Cell(name, NAMES, series, minute, bucket))
                key = (name, owner, when.strftime(period))
                latest[key] = max(latest.get(key, found), found)
    cells.update(cell for _, cell in latest.values())
    return cells
