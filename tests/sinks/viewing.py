"""Rows of `slices`, `conversations` and raw tables as a test writes them, and views as it reads them."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from typing import Any

from schemas.measures import Measure, Measures
from sinks.clickhouse import ClickHouse
from sinks.tables import TABLES
from streams.fold.cells import Cell
from streams.fold.chunks import Total
from streams.fold.columns import slice_columns
from streams.fold.partition import SliceRow
from streams.migrating import journey_map_columns, rollup_columns, score_rule_columns
from streams.settings import Scores

__all__ = ["define", "insert", "insert_counts", "now_s", "read"]

_versions = count(1)


def define(clickhouse: ClickHouse, measures: Measures, **thresholds: Any) -> None:
    """Write what the views know of a measures file, as `earshot migrate` does."""
    clickhouse.insert(TABLES["score_rules"], score_rule_columns(measures, Scores(**thresholds)))
    clickhouse.insert(TABLES["rollups"], rollup_columns(measures))
    clickhouse.insert(TABLES["journey_maps"], journey_map_columns(measures))


def insert_counts(
    clickhouse: ClickHouse,
    measure: Measure,
    start_s: int,
    counts: Mapping[int, int],
    **dimensions: str,
) -> None:
    """Add counts by bucket to one series and minute; dimensions not named are empty."""
    values = {name.replace("__", "."): value for name, value in dimensions.items()}
    assert values.keys() <= set(measure.dimensions), values
    series = tuple(values.get(name, "") for name in measure.dimensions)
    rows = []
    for bucket, n in counts.items():
        version = next(_versions)
        cell = Cell(measure.name, measure.dimensions, series, start_s // 60 * 60_000, bucket)
        rows.append(SliceRow(version, 0, 1, Total(cell, n, version)))
    clickhouse.insert(TABLES["slices"], slice_columns(rows, ("t", 0, 1)))


def insert(clickhouse: ClickHouse, table: str, *rows: Mapping[str, Any]) -> None:
    """Insert rows; what a row does not name has the default of its column."""
    for row in rows:
        names = ", ".join(row)
        values = ", ".join(f"%({name})s" for name in row)
        clickhouse.rows(
            f"INSERT INTO {clickhouse.address.database}.{table} ({names}) SELECT {values}", row
        )


def read(clickhouse: ClickHouse, sql: str) -> list[dict[str, Any]]:
    """Return the rows of a query over views, which are named after `earshot.`."""
    sql = sql.replace("earshot.", f"{clickhouse.address.database}.")
    names, rows = clickhouse.named_rows(sql)
    return [dict(zip(names, row, strict=True)) for row in rows]


def now_s(clickhouse: ClickHouse) -> int:
    """Return the server's clock, in seconds."""
    ((now,),) = clickhouse.rows("SELECT toUnixTimestamp(now())")
    return int(now)
