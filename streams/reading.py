"""Read scores back: sum the slices of a window, then derive each score from the sums."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from schemas.measures import DIMENSIONS, Measure, Measures, Score
from sinks.clickhouse import ClickHouse
from streams.scores import ScoreValue, Thresholds, evaluate

__all__ = ["ScoreRow", "Window", "histograms", "scores"]

#: Values of the dimensions a row is grouped by.
Group = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of event time: from `since` (inclusive) to `until` (exclusive), open where None."""

    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """One score of one group, with its uncertainty."""

    measure: Measure
    score: Score
    group: Group
    result: ScoreValue


def scores(
    clickhouse: ClickHouse,
    measures: Measures,
    thresholds: Thresholds,
    *,
    by: Sequence[str] = (),
    window: Window | None = None,
    only: Sequence[str] = (),
) -> list[ScoreRow]:
    """Return the scores of a window, by measure, group and score.

    Measures that do not declare every dimension of `by` are left out: their answers cannot be told
    apart that way.

    Raises:
        SinkError: ClickHouse does not answer or refuses.
    """
    found = histograms(clickhouse, by=by, window=window or Window(), only=only)
    rows = []
    for (name, group), counts in sorted(found.items()):
        measure = measures.by_name(name)
        if measure is None or not set(by) <= set(measure.dimensions):
            continue
        rows += [
            ScoreRow(measure, score, group, evaluate(score, counts, measure.scale, thresholds))
            for score in measure.scores
        ]
    return rows


def histograms(
    clickhouse: ClickHouse, *, by: Sequence[str], window: Window, only: Sequence[str] = ()
) -> dict[tuple[str, Group], dict[int, int]]:
    """Return the answers in each bucket, by measure and group. Groups without answers are absent.

    Raises:
        ValueError: `by` names something that is not a dimension.
    """
    if unknown := [name for name in by if name not in DIMENSIONS]:
        msg = f"{', '.join(unknown)}: the dimensions are {', '.join(DIMENSIONS)}"
        raise ValueError(msg)
    columns = ", ".join(["measure", *by])
    conditions = ["1"]
    params: dict[str, object] = {}
    if window.since is not None:
        conditions.append("slice_start >= toDateTime(%(since)s, 'UTC')")
        params["since"] = int(window.since.astimezone(UTC).timestamp())
    if window.until is not None:
        conditions.append("slice_start < toDateTime(%(until)s, 'UTC')")
        params["until"] = int(window.until.astimezone(UTC).timestamp())
    if only:
        conditions.append("measure IN %(only)s")
        params["only"] = tuple(only)
    rows = clickhouse.rows(
        f"SELECT {columns}, bucket, sum(n) AS answers FROM {clickhouse.address.database}.slices FINAL "
        f"WHERE {' AND '.join(conditions)} GROUP BY {columns}, bucket HAVING answers != 0",
        params,
    )
    found: dict[tuple[str, Group], dict[int, int]] = {}
    for measure, *group, bucket, answers in rows:
        found.setdefault((measure, tuple(group)), {})[bucket] = answers
    return found
