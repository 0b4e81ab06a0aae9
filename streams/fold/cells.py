"""What one record adds: cells of histograms.

A cell is one bucket of one series in one time slice. A record adds 1 to each of its cells; taking it
back subtracts 1 from the same cells.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from schemas.measures import Measure, Measures
from streams.fold.judging import measure_of
from streams.fold.kinds import Kind

__all__ = ["SLICE_MS", "Cell", "cells_of"]

#: Length of a time slice. Longer periods are sums of slices.
SLICE_MS = 60_000


class Cell(NamedTuple):
    """One bucket of one series in one slice. `dimensions` are the values of `names`, in that order.

    It names its dimensions itself: a cell that is taken back may be of a measure that has other ones
    by now, or is gone.
    """

    measure: str
    names: tuple[str, ...]
    dimensions: tuple[str, ...]
    slice_ms: int
    bucket: int


def cells_of(kind: Kind, record: dict[str, Any], measures: Measures) -> tuple[Cell, ...]:
    """Return the cells a judged record adds 1 to. Tests, deleted and dismissed answers add nothing."""
    if record["is_test"]:
        return ()
    if kind.revision is not None and (record["op"] == "DELETE" or record["dismissed"]):
        return ()
    moment = record[kind.time]
    slice_ms = moment - moment % SLICE_MS
    symbol = record[kind.symbol]
    cells = [
        Cell(measure.name, measure.dimensions, _dimensions(measure, record), slice_ms, 0)
        for measure in measures.counts(kind.topic)
        if not measure.types or symbol in measure.types
    ]
    if kind.revision is not None and record["value_number"] is not None:
        scored = measure_of(record, measures)
        if scored is not None:
            bucket = int(record["value_number"])
            series = _dimensions(scored, record)
            cells.append(Cell(scored.name, scored.dimensions, series, slice_ms, bucket))
    return tuple(cells)


def _dimensions(measure: Measure, record: dict[str, Any]) -> tuple[str, ...]:
    return tuple([record.get(name) or "" for name in measure.dimensions])
