"""Raw rows as ClickHouse holds them, from the records a source would send."""

from __future__ import annotations

from typing import Any

from schemas.measures import HistoryRules, Measure, Measures
from sinks.tables import TABLES
from streams.verifying.row import SOURCES
from tests.builders import NOW_MS, record_for

RESPONSES, INVITATIONS = "feedback.responses", "feedback.invitations"
INTERACTIONS = "feedback.interactions"

SECOND, MINUTE, HOUR, DAY = 1000, 60_000, 3_600_000, 86_400_000


def row_of(topic: str, record: dict[str, Any], offset: int = 0, version: int = 1) -> dict[str, Any]:
    """Return the raw row of a decoded record."""
    row: dict[str, Any] = {"_offset": offset, "_definitions": version}
    for field in TABLES[SOURCES[topic].table].fields:
        value = record[field.name]
        if field.kind == "text":
            value = value or ""
        elif field.kind == "attributes":
            pairs = [(pair["name"], pair["value"]) for pair in value]
            value = dict(pairs) | {name: text for name, text in pairs if text}
        row[field.name] = value
    return row


def conversation(*events: tuple[Any, ...], **common: Any) -> list[dict[str, Any]]:
    """Return the rows of events: each is (ms after NOW_MS, type) or (ms, type, fields)."""
    rows = []
    for offset, (after_ms, kind, *fields) in enumerate(events):
        own: dict[str, Any] = {
            "event_id": f"e{offset}",
            "customer_id": "c1",
            "type": kind,
            "event_time": NOW_MS + after_ms,
        }
        extra: dict[str, Any] = fields[0] if fields else {}
        record = record_for(INTERACTIONS, **(own | common | extra))
        rows.append(row_of(INTERACTIONS, record, offset))
    return rows


def measures_of(*measures: Measure, version: int = 1, **rules: Any) -> Measures:
    """Return definitions with these measures and rules."""
    return Measures(version, measures, "", HistoryRules(**rules))


def of_fact(fact: str, *dimensions: str, topic: str = INTERACTIONS) -> Measure:
    """Return a measure that is called as the fact it takes."""
    return Measure(fact, topic, "", "", dimensions, (), fact=fact)
