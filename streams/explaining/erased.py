"""What customers added who were erased since. Nobody can be shown any more, but counts may stay."""

from __future__ import annotations

from sinks.clickhouse import ClickHouse
from sinks.tables import shown
from streams.explaining.traces import Selection
from streams.reading import slice_conditions

__all__ = ["erased_histogram"]


def erased_histogram(clickhouse: ClickHouse, selection: Selection) -> dict[int, int]:
    """Return what erased records still add to each bucket; negative where they had hidden others.

    Counts of an erasure that took them back are not among these.

    Raises:
        SinkError: ClickHouse does not answer or refuses.
    """
    conditions, params = slice_conditions(selection.window, [selection.measure], selection.where)
    return dict(
        clickhouse.rows(
            "SELECT bucket, sum(n) AS kept "
            f"FROM {clickhouse.address.database}.erased_counts FINAL "
            f"WHERE {conditions} AND {shown(clickhouse.address.database)} "
            "AND mode = 'keep' GROUP BY bucket HAVING kept != 0 ORDER BY bucket",
            params,
        )
    )
