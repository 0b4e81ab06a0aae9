"""The worker's tables, and how a partition is named in queries."""

from __future__ import annotations

from typing import Any

from sinks.clickhouse import ClickHouse
from sinks.tables import TABLES
from streams.fold.columns import Columns, Origin

__all__ = ["Database", "named"]


class Database:
    """The worker's tables in one database: rows in."""

    def __init__(self, clickhouse: ClickHouse) -> None:
        self._clickhouse = clickhouse
        self._database = clickhouse.address.database

    def write(self, table: str, columns: Columns) -> int:
        """Upsert rows; return how many."""
        return self._clickhouse.insert(TABLES[table], columns)

    def close(self) -> None:
        """Close the connection."""
        self._clickhouse.close()


def named(origin: Origin) -> dict[str, Any]:
    """Return the parameters of a query that say which partition it is of."""
    topic, epoch, partition = origin
    return {"topic": topic, "epoch": epoch, "partition": partition}
