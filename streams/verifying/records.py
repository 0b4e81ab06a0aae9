"""Measures that count records: one for each record of the kind they name."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from schemas.measures import Measure, Measures
from streams.verifying.fact import Cell, cell_of
from streams.verifying.row import SOURCES, Row, own_dimensions

__all__ = ["record_cells"]


def record_cells(topic: str, row: Row, measures: Measures) -> Iterator[Cell]:
    """Yield the cells of a record that counts for its own sake."""
    source = SOURCES[topic]
    if row["is_test"]:
        return
    for measure in _counting(measures, topic):
        if not measure.types or row[source.symbol] in measure.types:
            yield cell_of(measure, row[source.time], 0, own_dimensions(row))


@lru_cache(maxsize=1024)
def _counting(measures: Measures, topic: str) -> list[Measure]:
    return [
        measure
        for measure in measures.measures
        if not measure.metric and not measure.fact and measure.topic == topic
    ]
