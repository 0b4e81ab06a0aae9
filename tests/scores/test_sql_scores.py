"""Whole scores and differences in SQL: those of Python, for every kind, on random histograms."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import pytest

from schemas.measures import Score
from streams.scores import Thresholds, difference, evaluate, z_quantile
from streams.scores.duration_buckets import bucket_of
from tests.scores.engine import Query, Row, close
from tests.scores.samples import COUNT, MEAN_TIME, REOPENED

SCALE = (0, 10)
NET = Score("net", "net", "points", "", top=(9, 10), bottom=(0, 6))
SHARE = Score("share", "share", "%", "", top=(4, 10))
MEAN = Score("mean", "mean", "points", "")
TYPES = """kind LowCardinality(String), is_duration Bool,
    top_low Nullable(Int32), top_high Nullable(Int32),
    bottom_low Nullable(Int32), bottom_high Nullable(Int32),
    base_low Nullable(Int32), base_high Nullable(Int32), q Nullable(Float64),
    scale_low Nullable(Int32), scale_high Nullable(Int32),
    here Tuple(Array(Int32), Array(Int64)), there Tuple(Array(Int32), Array(Int64)), ratio Float64"""
HISTOGRAM = """kind, {0}.1, {0}.2, is_duration, top_low, top_high, bottom_low, bottom_high,
    base_low, base_high, q"""


class Case(NamedTuple):
    """Two histograms to score and to compare."""

    score: Score
    duration: bool
    here: dict[int, int]
    there: dict[int, int]
    ratio: float

    @property
    def scale(self) -> tuple[int, int] | None:
        return None if self.duration or self.score.kind == "count" else SCALE

    def row(self) -> str:
        """Return the row of SQL."""
        score, empty = self.score, (None, None)
        optional = [
            *(score.top or empty),
            *(score.bottom or empty),
            *(score.base or empty),
            score.q,
            *(self.scale or empty),
        ]
        cells = ["NULL" if cell is None else repr(cell) for cell in optional]
        sides = [
            f"({sorted(side)}, {[side[bucket] for bucket in sorted(side)]})"
            for side in (self.here, self.there)
        ]
        head = [f"'{score.kind}'", str(self.duration).lower()]
        return f"({', '.join([*head, *cells, *sides, str(self.ratio)])})"


def histogram(rng: random.Random, kind: str, *, duration: bool) -> dict[int, int]:
    most = 10 ** rng.choice((0, 1, 2, 4, 9))
    if kind == "count":
        buckets = [0] * rng.randint(0, 1)
    elif duration:
        buckets = [bucket_of(int(10 ** rng.uniform(0, 11))) for _ in range(rng.randint(0, 40))]
    else:
        buckets = [rng.randint(*SCALE) for _ in range(rng.randint(0, 8))]
    return {bucket: rng.randint(1, most) for bucket in buckets}


def cases(seed: int) -> list[Case]:
    rng, found = random.Random(seed), []
    quantiles = [Score("q", "quantile", "", "", q=q) for q in (0.07, 0.5, 0.9, 0.99)]
    scores = [(score, False) for score in (NET, SHARE, REOPENED, MEAN, COUNT, *quantiles)]
    scores += [(score, True) for score in (MEAN_TIME, *quantiles)]
    for score, duration in scores * 30:
        sides = [histogram(rng, score.kind, duration=duration) for _ in range(2)]
        found.append(Case(score, duration, sides[0], sides[1], rng.choice((1.0, 2.5, 0.1))))
    return found


def run(query: Query, found: Sequence[Case], select: str, thresholds: Thresholds) -> list[Row]:
    z = z_quantile(thresholds.confidence)
    here, there = (f"earshot_summary({HISTOGRAM.format(side)}, z)" for side in ("here", "there"))
    return query(f"""
        SELECT {select}
        FROM (SELECT *, {here} AS one, {there} AS other
              FROM (SELECT *, {z!r} AS z, {thresholds.confidence} AS confidence,
                           {thresholds.n_privacy} AS n_privacy, {thresholds.n_stat} AS n_stat
                    FROM values('{TYPES}', {", ".join(case.row() for case in found)})))""")


def cells(row: Mapping[str, object]) -> list[object]:
    return list(row.values())


@pytest.mark.parametrize(("confidence", "n_privacy"), [(0.95, 1), (0.8, 5)])
def test_scores(query: Query, confidence: float, n_privacy: int) -> None:
    found, thresholds = cases(7), Thresholds(n_privacy, 30, confidence)
    call = f"""earshot_score({HISTOGRAM.format("here")}, scale_low, scale_high, n_privacy, n_stat, z,
        confidence)"""
    rows = run(query, found, call, thresholds)
    for case, (row,) in zip(found, rows, strict=True):
        score = evaluate(case.score, case.here, case.scale, thresholds, duration=case.duration)
        bounds = [close(score.value), close(score.lower), close(score.upper)]
        assert cells(row) == [score.n, *bounds, score.status], case
    statuses = {cells(row)[-1] for (row,) in rows}
    assert statuses >= {"empty", "thin", "ok"}


def test_a_score_may_be_taken_from_a_summary(query: Query) -> None:
    found = cases(8)
    of_summary = """earshot_score_of(
        kind, one, is_duration, scale_low, scale_high, n_privacy, n_stat, z, confidence)"""
    at_once = f"""earshot_score({HISTOGRAM.format("here")}, scale_low, scale_high, n_privacy, n_stat, z,
        confidence)"""
    rows = run(query, found, f"toString({of_summary}) = toString({at_once})", Thresholds())
    assert rows == [[1]] * len(found)


@pytest.mark.parametrize(("confidence", "n_privacy"), [(0.95, 1), (0.8, 5)])
def test_differences(query: Query, confidence: float, n_privacy: int) -> None:
    found, thresholds = cases(9), Thresholds(n_privacy, 30, confidence)
    call = """earshot_difference(
        kind, one, other, ratio, if(is_duration, inf, toFloat64(scale_high - scale_low)),
        n_privacy, n_stat, z, confidence)"""
    tested = 0
    for case, (row,) in zip(found, run(query, found, call, thresholds), strict=True):
        result = difference(
            case.score,
            case.here,
            case.there,
            case.scale,
            thresholds,
            duration=case.duration,
            seconds=(case.ratio, 1.0),
        )
        numbers = (result.value, result.lower, result.upper, result.z, result.p)
        assert cells(row) == [*map(close, numbers), result.status], case
        tested += result.p is not None
    assert tested > 50


def test_a_view_of_scores_stays_short(query: Query) -> None:
    # Functions are macros: bodies that name a long argument twice, level by level, would grow without end.
    call = (
        f"""earshot_score({HISTOGRAM.format("here")}, scale_low, scale_high, 1, 30, 1.96, 0.95)"""
    )
    query("CREATE DATABASE IF NOT EXISTS written")
    query(f"CREATE TABLE written.histograms ({TYPES}, z Float64) ENGINE = Memory")
    query(f"CREATE OR REPLACE VIEW written.scores AS SELECT {call} AS s FROM written.histograms")
    ((length,),) = query(
        "SELECT length(create_table_query) FROM system.tables WHERE name = 'scores'"
    )
    assert 10_000 < length < 50_000
