"""The records behind a number that counts them one by one: answers, steps, events."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Any

from schemas.measures import DIMENSIONS, Measure, Measures
from sinks.clickhouse import ClickHouse
from sinks.tables import TABLES, shown
from streams.explaining.candidates import in_window, where_dimensions
from streams.explaining.revised import corrections, reason_left_out
from streams.explaining.traces import Selection, Trace
from streams.fold.cells import cells_of
from streams.fold.kinds import KINDS, Kind

__all__ = ["record_traces"]

#: Identities that are looked at in one query.
_PIECE = 50_000

_PLACE = ("_topic", "_epoch", "_partition")

_OF_ANSWERS = (
    "op", "dismissed", "completed", "metric", "survey_kind", "survey_version", "scale_min",
    "scale_max", "higher_is_better", "value_number",
)  # fmt: skip


def record_traces(
    clickhouse: ClickHouse,
    definitions: Callable[[int], Measures],
    measure: Measure,
    selection: Selection,
) -> Iterator[Trace]:
    """Yield the records that a measure counts one by one, and those that were left out.

    Every record is judged as the worker judged it: with the definitions it was folded with, the newest
    revision of an answer alone, each partition by itself.

    Raises:
        SinkError: ClickHouse does not answer or refuses.
    """
    kind = KINDS[measure.topic]
    fields = _fields(kind)
    for row_set in _revisions(clickhouse, kind, fields, selection):
        rows = [dict(row) for row in row_set]
        newest = rows[-1]
        measures = definitions(newest["_definitions"])
        cells = [cell for cell in cells_of(kind, newest, measures) if selection.takes(cell)]
        names = tuple((name, str(newest[name])) for name in kind.identity)
        note = corrections(rows) if kind.revision else ""
        for cell in cells:
            yield _trace(kind, newest, names, cell.bucket, note=note)
        if not cells and (left_out := _left_out(kind, rows, definitions, selection)):
            yield _trace(kind, newest, names, 0, note=note, left_out=left_out)


def _left_out(
    kind: Kind,
    rows: Sequence[dict[str, Any]],
    definitions: Callable[[int], Measures],
    selection: Selection,
) -> str:
    """Return why a record does not count that would but for one thing, or nothing if it never would."""
    for row in reversed(rows):
        measures = definitions(row["_definitions"])
        if any(selection.takes(cell) for cell in cells_of(kind, _plain(kind, row), measures)):
            return reason_left_out(rows[-1], moved=row is not rows[-1])
    return ""


def _plain(kind: Kind, row: dict[str, Any]) -> dict[str, Any]:
    """Return a record as if nothing kept it from being counted."""
    plain = row | {"is_test": False}
    if kind.revision:
        plain |= {"op": "CREATE", "dismissed": False, "completed": True}
        if plain["value_number"] is None:
            plain["value_number"] = plain["scale_min"]
    return plain


def _trace(
    kind: Kind,
    row: dict[str, Any],
    names: tuple[tuple[str, str], ...],
    bucket: int,
    *,
    note: str,
    left_out: str = "",
) -> Trace:
    score = row.get("value_number")
    return Trace(
        names=names,
        time_ms=row[kind.time],
        bucket=bucket,
        value=None if score is None else int(score),
        topic=row["_topic"],
        epoch=row["_epoch"],
        partition=row["_partition"],
        offset=row["_offset"],
        revision=kind.revision_of(row) if kind.revision else None,
        note=note,
        left_out=left_out,
    )


def _fields(kind: Kind) -> list[str]:
    """Return the columns that the cells of a record depend on. None of them names a customer."""
    wanted = [*kind.identity, kind.time, kind.symbol, "is_test", "attributes", *DIMENSIONS]
    if kind.revision:
        wanted += [kind.revision, *_OF_ANSWERS]
    columns = TABLES[kind.table].columns
    return [name for name in dict.fromkeys(wanted) if name in columns]


def _revisions(
    clickhouse: ClickHouse, kind: Kind, fields: Sequence[str], selection: Selection
) -> Iterator[list[dict[str, Any]]]:
    """Yield the revisions of each record that has one in the window, oldest first, as rows.

    Of two rows of one revision the one with the lower offset stands.
    """
    table = f"{clickhouse.address.database}.{kind.table}"
    identity = ", ".join(dict.fromkeys((*kind.identity, *_PLACE)))
    conditions, params = where_dimensions(kind, selection.where)
    params |= {"since": selection.since_ms, "until": selection.until_ms}
    hidden = shown(clickhouse.address.database)
    wanted = f"FROM {table} WHERE {in_window(kind.time)} AND {hidden} AND {conditions}"
    ((count,),) = clickhouse.rows(f"SELECT uniq({identity}) {wanted}", params)
    pieces = 1 + count // _PIECE
    columns = [*fields, *_PLACE, "_offset", "_definitions"]
    selected = ", ".join(
        f"toUnixTimestamp64Milli({name})" if name == kind.time else name for name in columns
    )
    # An event has no revisions; of its rows the first stands.
    order = f"{kind.revision}, _offset" if kind.revision else "_offset"
    one_by = f"{identity}, {kind.revision}" if kind.revision else identity
    for piece in range(pieces):
        rows = clickhouse.rows(
            f"SELECT {selected} FROM {table} WHERE ({identity}) IN (SELECT {identity} {wanted} "
            f"AND cityHash64({identity}) %% %(pieces)s = %(piece)s) "
            f"ORDER BY {identity}, {order} LIMIT 1 BY {one_by}",
            {**params, "pieces": pieces, "piece": piece},
        )
        names = [*kind.identity, *_PLACE]
        records = (dict(zip(columns, row, strict=True)) for row in rows)
        for _, revisions in groupby(records, key=lambda row: [row[name] for name in names]):
            yield list(revisions)
