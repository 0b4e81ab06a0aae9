"""Which raw rows may have to do with a window, as SQL. Too many is fine, too few is not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from schemas.facts import FACTS
from schemas.measures import ATTRIBUTE, Measure, Measures
from sinks.clickhouse import ClickHouse
from sinks.tables import TABLES, shown
from streams.explaining.reach import reach_ms
from streams.explaining.traces import Selection
from streams.fold.columns import Origin
from streams.fold.kinds import KINDS, Kind

__all__ = ["in_window", "subjects_of", "where_dimensions"]

_MOMENT = "fromUnixTimestamp64Milli(toInt64(%({name})s), 'UTC')"

#: Facts that are dated when something is due which a record may name.
_DUE = ("sla", "promise")


def in_window(column: str, since: str = "since") -> str:
    """Return the condition that a time lies in the window, with the parameters since and until."""
    return f"{column} >= {_MOMENT.format(name=since)} AND {column} < {_MOMENT.format(name='until')}"


def where_dimensions(kind: Kind, where: Mapping[str, str]) -> tuple[str, dict[str, object]]:
    """Return the condition that a raw row has some values of dimensions itself."""
    columns = TABLES[kind.table].columns
    conditions, params = ["1"], dict[str, object]()
    for index, (name, value) in enumerate(where.items()):
        if name.startswith(ATTRIBUTE):
            conditions.append(f"attributes[%(attribute_{index})s] = %(value_{index})s")
            params[f"attribute_{index}"] = name.removeprefix(ATTRIBUTE)
        elif name in columns:
            conditions.append(f"{name} = %(value_{index})s")
        else:
            # A dimension these records do not have is empty.
            conditions.append(f"'' = %(value_{index})s")
        params[f"value_{index}"] = value
    return " AND ".join(conditions), params


def subjects_of(
    clickhouse: ClickHouse, measure: Measure, selection: Selection, versions: Iterable[Measures]
) -> dict[Origin, list[str]]:
    """Return whose histories may yield facts of a measure in the window, by where they are stored.

    Subjects name customers: they are for look-ups and never for output.

    Raises:
        SinkError: ClickHouse does not answer or refuses.
    """
    kind = KINDS[FACTS[measure.fact].topic if measure.fact else measure.topic]
    params = {
        "since": selection.since_ms,
        "until": selection.until_ms,
        "reach": selection.since_ms - reach_ms(measure.fact, selection.since_ms, versions),
    }
    dated = in_window(kind.time, since="reach")
    if measure.fact in _DUE:
        dated = f"{dated} OR {in_window('due_at')}"
    found: dict[Origin, list[str]] = {}
    for topic, epoch, partition, subject in clickhouse.rows(
        "SELECT DISTINCT _topic, _epoch, _partition, _subject "
        f"FROM {clickhouse.address.database}.{kind.table} "
        f"WHERE ({dated}) AND {shown(clickhouse.address.database)}",
        params,
    ):
        found.setdefault((topic, epoch, partition), []).append(subject)
    return found
