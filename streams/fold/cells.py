"""What one record adds: cells of histograms.

A cell is one bucket of one series in one time slice. A record adds 1 to each of its cells, and so does
a fact of a history; taking it back subtracts 1 from the same cells.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from schemas.measures import ATTRIBUTE, Measure, Measures
from streams.fold.judging import measure_of
from streams.fold.kinds import Kind
from streams.histories.events import attributes_of
from streams.histories.fact import Fact
from streams.scores.duration_buckets import bucket_of

__all__ = ["SLICE_MS", "Cell", "cells_of", "cells_of_facts"]

#: Length of a time slice. Longer periods are sums of slices.
SLICE_MS = 60_000

#: Last slice the tables can hold, 2105-12-31T23:59Z. What is due later counts there.
_LAST_SLICE_MS = 4_291_747_140_000


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
        if scored is not None and (record["completed"] or not scored.completed_only):
            bucket = int(record["value_number"])
            series = _dimensions(scored, record)
            cells.append(Cell(scored.name, scored.dimensions, series, slice_ms, bucket))
    return tuple(cells)


def cells_of_facts(facts: Iterable[Fact], measures: Measures) -> Iterator[Cell]:
    """Yield the cells facts add 1 to: one for each measure that takes the fact.

    The facts of answers that count once per customer carry the name of their measure.
    """
    for name, time_ms, value, pairs in facts:
        slice_ms = min(time_ms - time_ms % SLICE_MS, _LAST_SLICE_MS)
        takers = measures.of_fact(name)
        if not takers:
            once = measures.by_name(name)
            takers = (once,) if once is not None and once.once_per else ()
        for measure in takers:
            values = dict(pairs)
            series = tuple([values.get(dimension, "") for dimension in measure.dimensions])
            bucket = bucket_of(value) if measure.is_duration else value
            yield Cell(measure.name, measure.dimensions, series, slice_ms, bucket)


def _dimensions(measure: Measure, record: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(
        [
            _attribute(record, name) if name.startswith(ATTRIBUTE) else record.get(name) or ""
            for name in measure.dimensions
        ]
    )


def _attribute(record: Mapping[str, Any], name: str) -> str:
    return dict(attributes_of(record)).get(name.removeprefix(ATTRIBUTE), "")
