"""What a history yields, and the cells it comes to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

from schemas.measures import Measure, Measures
from streams.verifying.duration_bucket import bucket_of

__all__ = ["Cell", "Dimensions", "Fact", "cell_of", "cells_of_fact"]

#: Values by the name of the dimension; attributes as `attributes.<name>`.
Dimensions = Mapping[str, str]

_MINUTE_MS = 60_000

#: 2105-12-31T23:59Z, where the slices end. What is due later counts there.
_LAST_SLICE_MS = 4_291_747_140_000


class Cell(NamedTuple):
    """One bucket of one series in one minute. `dimensions` are name and value, by name, never empty."""

    measure: str
    dimensions: tuple[tuple[str, str], ...]
    slice_ms: int
    bucket: int


class Fact(NamedTuple):
    """One value, the time that decides its slice, and its dimensions."""

    name: str
    time_ms: int
    value: int
    dimensions: Dimensions


def cell_of(measure: Measure, time_ms: int, bucket: int, dimensions: Dimensions) -> Cell:
    """Return the cell of a value of a measure."""
    shown = tuple(
        [(name, value) for name in sorted(measure.dimensions) if (value := dimensions.get(name))]
    )
    return Cell(measure.name, shown, min(time_ms - time_ms % _MINUTE_MS, _LAST_SLICE_MS), bucket)


def cells_of_fact(fact: Fact, measures: Measures) -> Iterator[Cell]:
    """Yield one cell for each measure that takes a fact."""
    for measure in _takers(measures, fact.name):
        bucket = bucket_of(fact.value) if measure.is_duration else fact.value
        yield cell_of(measure, fact.time_ms, bucket, fact.dimensions)


@lru_cache(maxsize=1024)
def _takers(measures: Measures, fact: str) -> list[Measure]:
    return [measure for measure in measures.measures if measure.fact == fact]
