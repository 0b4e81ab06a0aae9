"""Read scores back: sum the slices of a window, then derive each score from the sums."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from schemas.errors import SchemaError
from schemas.facts import FACTS
from schemas.measures import ATTRIBUTE, DIMENSIONS, Measure, Measures, OncePer, Score
from sinks.clickhouse import ClickHouse
from sinks.tables import shown
from streams.scores import ScoreValue, Thresholds, evaluate

__all__ = [
    "ScoreRow",
    "Window",
    "covers_one",
    "histograms",
    "is_provisional",
    "score_of",
    "scores",
    "slice_conditions",
]

#: Values of the dimensions a row is grouped by.
Group = tuple[str, ...]

#: Slices start between 1970 and 2106, as DateTime of ClickHouse does.
_LATEST_S = 2**32 - 1


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of event time: from `since` (inclusive) to `until` (exclusive), open where None.

    `rolls`: it ends wherever now is, not at an instant somebody named.
    """

    since: datetime | None = None
    until: datetime | None = None
    rolls: bool = False


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """One score of one group, with its uncertainty.

    `provisional`: it will still change by design, see `is_provisional`.
    """

    measure: Measure
    score: Score
    group: Group
    result: ScoreValue
    provisional: bool = False

    @property
    def in_seconds(self) -> bool:
        """Whether the value is a duration in seconds."""
        return self.measure.is_duration and self.score.kind in ("mean", "quantile")


def scores(
    clickhouse: ClickHouse,
    measures: Measures,
    thresholds: Thresholds,
    *,
    now: datetime,
    by: Sequence[str] = (),
    window: Window | None = None,
    only: Sequence[str] = (),
) -> list[ScoreRow]:
    """Return the scores of a window, by measure, group and score.

    Measures that do not declare every dimension of `by` are left out: their answers cannot be told
    apart that way. So are measures that count a customer once per period, unless the window is
    exactly one such period: of two periods they would count a customer twice.

    Raises:
        SinkError: ClickHouse does not answer or refuses.
        SchemaError: The stored buckets are none of their measure.
    """
    window = window or Window()
    found = histograms(clickhouse, by=by, window=window, only=only)
    rows = []
    for (name, group), counts in sorted(found.items()):
        measure = measures.by_name(name)
        if measure is None or not set(by) <= set(measure.dimensions):
            continue
        if measure.once_per and not covers_one(measure.once_per, window):
            continue
        provisional = is_provisional(measure, window, now)
        rows += [
            ScoreRow(
                measure, score, group, score_of(measure, score, counts, thresholds), provisional
            )
            for score in measure.scores
        ]
    return rows


def score_of(
    measure: Measure, score: Score, counts: Mapping[int, int], thresholds: Thresholds
) -> ScoreValue:
    """Derive a score from the counts of a measure. Durations are in seconds.

    Raises:
        SchemaError: The buckets are none of this measure, or a total is negative.
    """
    try:
        return evaluate(score, counts, measure.scale, thresholds, duration=measure.is_duration)
    except ValueError as error:
        raise SchemaError(
            f"The slices of the measure {measure.name} do not fit its definition: {error}",
            cure="If another measures file counted them, use that one; else run `earshot verify`.",
        ) from None


def covers_one(once_per: OncePer, window: Window) -> bool:
    """Say whether a window is exactly one hour, day or month of UTC.

    >>> covers_one("month", Window(datetime(2018, 2, 1, tzinfo=UTC), datetime(2018, 3, 1, tzinfo=UTC)))
    True
    """
    if window.since is None or window.until is None:
        return False
    since, until = window.since.astimezone(UTC), window.until.astimezone(UTC)
    if once_per == "month":
        months = 12 * (until.year - since.year) + until.month - since.month
        return months == 1 and all(
            one == one.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
            for one in (since, until)
        )
    if once_per == "day":
        start = since.replace(hour=0, minute=0, second=0, microsecond=0)
        return since == start and until - since == timedelta(days=1)
    start = since.replace(minute=0, second=0, microsecond=0)
    return since == start and until - since == timedelta(hours=1)


def is_provisional(measure: Measure, window: Window, now: datetime) -> bool:
    """Say whether the number of a window may still change without any record coming late.

    It may until the window is over and nothing in it waits any more, see `FactKind.horizon_ms`. A window
    that rolls is always over just now: as in the view `scores_rolling`, only waiting makes it provisional.
    """
    horizon = timedelta(milliseconds=FACTS[measure.fact].horizon_ms if measure.fact else 0)
    if window.rolls or window.until is None:
        return bool(horizon)
    return now - window.until < horizon


def histograms(
    clickhouse: ClickHouse,
    *,
    by: Sequence[str],
    window: Window,
    only: Sequence[str] = (),
    where: Mapping[str, str] | None = None,
) -> dict[tuple[str, Group], dict[int, int]]:
    """Return the answers in each bucket, by measure and group. Groups without answers are absent.

    Args:
        clickhouse: Where the slices are.
        by: Dimensions to tell apart, also `attributes.<name>`.
        window: Which slices.
        only: Measures; empty for all.
        where: Values that dimensions must have.

    Raises:
        ValueError: `by` or `where` names something that is not a dimension.
        SinkError: ClickHouse does not answer or refuses.
    """
    conditions, params = slice_conditions(window, only, where or {})
    columns = ", ".join(["measure", *(_column(name, params) for name in by)])
    rows = clickhouse.rows(
        f"SELECT {columns}, bucket, sum(n) AS answers FROM {clickhouse.address.database}.slices FINAL "
        f"WHERE {conditions} AND {shown(clickhouse.address.database)} "
        f"GROUP BY {columns}, bucket HAVING answers != 0",
        params,
    )
    found: dict[tuple[str, Group], dict[int, int]] = {}
    for measure, *group, bucket, answers in rows:
        found.setdefault((measure, tuple(group)), {})[bucket] = answers
    return found


def slice_conditions(
    window: Window, only: Sequence[str] = (), where: Mapping[str, str] | None = None
) -> tuple[str, dict[str, object]]:
    """Return which slices, as a condition in SQL with its parameters.

    Raises:
        ValueError: `where` names something that is not a dimension.
    """
    conditions = ["1"]
    params: dict[str, object] = {}
    for name, sign, moment in (("since", ">=", window.since), ("until", "<", window.until)):
        if moment is not None:
            conditions.append(f"slice_start {sign} toDateTime(%({name})s, 'UTC')")
            params[name] = max(0, min(int(moment.timestamp()), _LATEST_S))
    if only:
        conditions.append("measure IN %(only)s")
        params["only"] = tuple(only)
    for index, (name, value) in enumerate((where or {}).items()):
        conditions.append(f"{_column(name, params)} = %(value_{index})s")
        params[f"value_{index}"] = value
    return " AND ".join(conditions), params


def _column(name: str, params: dict[str, object]) -> str:
    """Return what holds a dimension in SQL; the name of an attribute travels as a parameter."""
    if name in DIMENSIONS:
        return name
    attribute = name.removeprefix(ATTRIBUTE)
    if attribute in ("", name):
        msg = f"{name}: the dimensions are {', '.join(DIMENSIONS)}, {ATTRIBUTE}<name>"
        raise ValueError(msg)
    parameter = f"attribute_{len(params)}"
    params[parameter] = attribute
    return f"attributes[%({parameter})s]"
