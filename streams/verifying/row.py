"""Raw rows as the auditor reads them, and whose history each belongs to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from schemas.measures import ATTRIBUTE, DIMENSIONS

__all__ = [
    "SOURCES",
    "Row",
    "Source",
    "first_of_each",
    "own_dimensions",
    "sql_subject",
    "subject_of",
]

#: A raw row by column. Times are epoch ms or None, text is never None, `attributes` is a mapping.
Row = Mapping[str, Any]


class Source(NamedTuple):
    """What the auditor knows of one input topic.

    `table` holds its rows, `time` decides their slice, `symbol` is what `types` of a measure names,
    `identity` tells rows apart, and `own_id` stands in for a customer nobody knows ("" if the topic has
    no histories).
    """

    table: str
    time: str
    symbol: str
    identity: tuple[str, ...]
    own_id: str


SOURCES: dict[str, Source] = {
    "feedback.responses": Source(
        "answers",
        "responded_at",
        "metric",
        ("source", "response_id", "question_id", "revision"),
        "response_id",
    ),
    "feedback.invitations": Source(
        "invitations", "event_time", "status", ("source", "event_id"), "invitation_id"
    ),
    "feedback.interactions": Source(
        "interactions", "event_time", "type", ("source", "event_id"), "conversation_id"
    ),
    "feedback.followups": Source("followups", "event_time", "status", ("source", "event_id"), ""),
}


def first_of_each(rows: Iterable[Row], identity: Sequence[str]) -> list[Row]:
    """Return one row for each identity: where two carry the same, the one with the lowest offset."""
    kept: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        name = tuple(row[column] for column in identity)
        if name not in kept or row["_offset"] < kept[name]["_offset"]:
            kept[name] = row
    return list(kept.values())


def subject_of(row: Row, own_id: str) -> str:
    """Return the key of the history a row belongs to."""
    if row["customer_id"]:
        return f"c:{row['customer_id']}"
    if row["anonymous_id"]:
        return f"a:{row['anonymous_id']}"
    return f"n:{row['source']}:{row[own_id]}"


def own_dimensions(row: Row) -> dict[str, str]:
    """Return the dimensions of a record that counts by itself: its own fields, as they are."""
    found = {name: str(row[name]) for name in DIMENSIONS if name in row}
    return found | {f"{ATTRIBUTE}{name}": value for name, value in row["attributes"].items()}


def sql_subject(own_id: str) -> str:
    """Return SQL for the subject of a row."""
    return (
        "multiIf(customer_id != '', concat('c:', customer_id), "
        "anonymous_id != '', concat('a:', anonymous_id), "
        f"concat('n:', source, ':', {own_id}))"
    )
