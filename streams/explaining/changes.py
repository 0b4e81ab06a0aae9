"""Facts of a window that were final and changed all the same, because a record came late."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime

from sinks.clickhouse import ClickHouse
from sinks.tables import shown
from streams.explaining.candidates import in_window
from streams.explaining.traces import Selection

__all__ = ["Revised", "revised_facts"]


@dataclass(frozen=True, slots=True)
class Revised:
    """A final fact that changed: `was` and `became` are None where there was no fact."""

    source: str
    conversation_id: str
    fact_at: datetime
    was: int | None
    became: int | None
    revised_at: datetime
    partition: int
    offset: int


def revised_facts(
    clickhouse: ClickHouse,
    fact: str,
    selection: Selection,
    conversations: AbstractSet[tuple[str, str]],
) -> list[Revised]:
    """Return the revisions of a fact in the window, in the order they came.

    A revision does not say its dimensions. If values of some are asked for, only revisions of
    `conversations` that count, and of facts that are no more, are returned.

    Raises:
        SinkError: ClickHouse does not answer or refuses.
    """
    rows = clickhouse.rows(
        "SELECT source, conversation_id, fact_at, was, became, revised_at, _partition, _offset "
        f"FROM {clickhouse.address.database}.revisions FINAL "
        f"WHERE {shown(clickhouse.address.database)} "
        f"AND fact = %(fact)s AND {in_window('fact_at')} "
        "ORDER BY revised_at, source, conversation_id, fact_at, _offset",
        {"fact": fact, "since": selection.since_ms, "until": selection.until_ms},
    )
    found = [Revised(*row) for row in rows]
    if not selection.where:
        return found
    return [
        one
        for one in found
        if one.became is None or (one.source, one.conversation_id) in conversations
    ]
