"""Which definitions counted a number."""

from __future__ import annotations

from typing import NamedTuple

from sinks.clickhouse import ClickHouse
from sinks.tables import shown
from streams.explaining.traces import Selection
from streams.reading import Window, histograms, slice_conditions

__all__ = ["Version", "known_values", "versions_of"]

#: Values of a dimension that are looked at to find the one that was meant.
_MOST_VALUES = 10_000


class Version(NamedTuple):
    """A version of the definitions and the SHA-256 of its text, empty if ClickHouse lost it."""

    version: int
    fingerprint: str


def versions_of(clickhouse: ClickHouse, selection: Selection) -> list[Version]:
    """Return the versions that counted something of a selection, the oldest first.

    Raises:
        SinkError: ClickHouse does not answer or refuses.
    """
    conditions, params = slice_conditions(selection.window, [selection.measure], selection.where)
    database = clickhouse.address.database
    rows = clickhouse.rows(
        f"SELECT DISTINCT _definitions FROM {database}.slices FINAL "
        f"WHERE {conditions} AND {shown(database)}",
        params,
    )
    wanted = sorted(version for (version,) in rows)
    if not wanted:
        return []
    stored = dict(
        clickhouse.rows(
            f"SELECT version, fingerprint FROM {database}.definitions FINAL "
            "WHERE version IN %(versions)s",
            {"versions": tuple(wanted)},
        )
    )
    return [Version(version, stored.get(version, "")) for version in wanted]


def known_values(clickhouse: ClickHouse, measure: str, dimension: str) -> list[str]:
    """Return the values a dimension of a measure ever had.

    Raises:
        SinkError: ClickHouse does not answer or refuses.
    """
    found = histograms(clickhouse, by=[dimension], window=Window(), only=[measure])
    return sorted({group[0] for _, group in found})[:_MOST_VALUES]
