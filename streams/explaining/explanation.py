"""Explain a number: its arithmetic, its definition, and every record it is made of."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import chain

from schemas.measures import Measure, Measures, Score
from sinks.clickhouse import ClickHouse
from streams.explaining.candidates import subjects_of
from streams.explaining.changes import Revised, revised_facts
from streams.explaining.erased import erased_histogram
from streams.explaining.formulas import formula
from streams.explaining.histories import fact_traces
from streams.explaining.naming import check_dimensions, check_value, measure_and_scores
from streams.explaining.query import Query
from streams.explaining.records import record_traces
from streams.explaining.traces import Gathered, Selection, Trace, gather
from streams.explaining.versions import Version, known_values, versions_of
from streams.reading import covers_one, histograms, is_provisional, score_of
from streams.scores import ScoreValue, Thresholds
from streams.store import Store

__all__ = ["Explained", "Explanation", "explain"]

#: A worker writes raw rows before slices: in between the two do not agree.
_TRIES, _PAUSE_S = 4, 1.5


@dataclass(frozen=True, slots=True)
class Explained:
    """One score: what it came to, and how."""

    score: Score
    result: ScoreValue
    formula: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything about one number.

    `histogram` is what the slices hold, `gathered` what the records come to, and `erased` what records
    had added that were erased since: these two make the first, or something is wrong.
    """

    query: Query
    measure: Measure
    scores: tuple[Explained, ...]
    thresholds: Thresholds
    versions: tuple[Version, ...]
    histogram: dict[int, int]
    gathered: Gathered
    erased: dict[int, int]
    revisions: tuple[Revised, ...]
    provisional: bool

    @property
    def adds_up(self) -> bool:
        """Whether the records found, and the erased ones, make exactly the histogram."""
        return self.histogram == _sum(self.gathered, self.erased)

    @property
    def is_suppressed(self) -> bool:
        """Whether too few people are behind it to show what each said."""
        return any(one.result.status == "suppressed" for one in self.scores)

    @property
    def splits_periods(self) -> bool:
        """Whether it counts a customer once per period, and the window is not one of these."""
        once_per = self.measure.once_per
        return bool(once_per) and not covers_one(once_per, self.query.window)


def explain(
    clickhouse: ClickHouse,
    measures: Measures,
    thresholds: Thresholds,
    query: Query,
    *,
    now: datetime,
    limit: int | None,
    sleep: Callable[[float], None] = time.sleep,
) -> Explanation:
    """Explain a number, from ClickHouse alone.

    Args:
        clickhouse: Where everything is read from. Nothing is changed.
        measures: The definitions scores are derived with.
        thresholds: When scores are shown, and their confidence.
        query: Which number.
        now: Decides whether it is provisional.
        limit: Records to return, the first by time; None for all. All are counted in any case.
        sleep: Waits a moment for a worker that is just writing.

    Raises:
        ValueError: The query names what does not exist; the message says what does.
        SinkError: ClickHouse does not answer or refuses.
        SchemaError: The stored buckets are none of the measure.
    """
    measure, wanted = measure_and_scores(query.name, measures)
    check_dimensions(query.where, measure)
    selection = Selection(measure.name, query.window, query.where)
    histogram = _histogram(clickhouse, selection)
    if not histogram:
        for name, value in query.where.items():
            check_value(name, value, known_values(clickhouse, measure.name, name))
    store = Store(clickhouse)
    for attempt in range(_TRIES):
        if attempt:
            sleep(_PAUSE_S)
            histogram = _histogram(clickhouse, selection)
        versions = versions_of(clickhouse, selection)
        used = chain([measures], (store.definitions(one.version) for one in versions))
        traces = _traces(store, clickhouse, measure, selection, used)
        gathered = gather(traces, limit)
        erased = erased_histogram(clickhouse, selection)
        if _sum(gathered, erased) == histogram:
            break
    explained = []
    for score in wanted:
        result = score_of(measure, score, histogram, thresholds)
        text = formula(measure, score, histogram, result, thresholds.confidence)
        explained.append(Explained(score, result, text))
    revisions = (
        revised_facts(clickhouse, measure.fact, selection, gathered.conversations)
        if measure.fact
        else []
    )
    return Explanation(
        query=Query(measure.name, query.window, query.where),
        measure=measure,
        scores=tuple(explained),
        thresholds=thresholds,
        versions=tuple(versions),
        histogram=histogram,
        gathered=gathered,
        erased=erased,
        revisions=tuple(revisions),
        provisional=is_provisional(measure, query.window, now),
    )


def _sum(gathered: Gathered, erased: dict[int, int]) -> dict[int, int]:
    buckets = sorted(gathered.histogram.keys() | erased.keys())
    sums = {bucket: gathered.histogram[bucket] + erased.get(bucket, 0) for bucket in buckets}
    return {bucket: n for bucket, n in sums.items() if n}


def _histogram(clickhouse: ClickHouse, selection: Selection) -> dict[int, int]:
    found = histograms(
        clickhouse, by=(), window=selection.window, only=[selection.measure], where=selection.where
    )
    return dict(sorted(found.get((selection.measure, ()), {}).items()))


def _traces(
    store: Store,
    clickhouse: ClickHouse,
    measure: Measure,
    selection: Selection,
    used: Iterator[Measures],
) -> Iterator[Trace]:
    if not measure.fact and not measure.once_per:
        return record_traces(clickhouse, store.definitions, measure, selection)
    subjects = subjects_of(clickhouse, measure, selection, used)
    return fact_traces(store, measure, selection, subjects)
