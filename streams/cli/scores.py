"""`earshot scores`: the scores of a window, as a table."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from schemas.measures import Measures
    from streams.reading import ScoreRow, Window

__all__ = ["scores", "window_of"]

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_DECIMALS = {"%": 1, "points": 2}


def scores(
    by: Annotated[
        str, typer.Option(help="Dimensions to tell apart, for example touchpoint,channel.")
    ] = "",
    window: Annotated[
        str, typer.Option(help="Length of the window: 90m, 24h, 7d, 4w, or all.")
    ] = "24h",
    at: Annotated[
        str,
        typer.Option(help="End of the window, ISO 8601, UTC if it names no zone. Default: now."),
    ] = "",
    measure: Annotated[
        str, typer.Option(help="Only these measures, for example csat.1-5,nps.transactional.")
    ] = "",
    counts: Annotated[bool, typer.Option(help="Also show plain counts.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
) -> None:
    """Print current scores, each with its interval and the number of answers behind it."""
    from schemas.measures import DIMENSIONS
    from sinks.clickhouse import ClickHouse
    from streams.cli.console import print_csv, print_json
    from streams.reading import scores as read_scores
    from streams.settings import load_settings
    from streams.wiring import address_of, measures_of, thresholds_of

    dimensions = _names(by)
    if unknown := [name for name in dimensions if name not in DIMENSIONS]:
        raise typer.BadParameter(
            f"{', '.join(unknown)}: the dimensions are {', '.join(DIMENSIONS)}", param_hint="--by"
        )
    wanted = window_of(window, at, datetime.now(UTC))
    if json and csv:
        raise typer.BadParameter("JSON and CSV exclude each other.", param_hint="--csv")
    settings = load_settings()
    measures = measures_of(settings)
    only = _names(measure)
    if unknown := [name for name in only if measures.by_name(name) is None]:
        known = ", ".join(entry.name for entry in measures.measures)
        raise typer.BadParameter(
            f"{', '.join(unknown)}: the measures are {known}", param_hint="--measure"
        )
    clickhouse = ClickHouse(address_of(settings))
    try:
        rows = read_scores(
            clickhouse, measures, thresholds_of(settings), by=dimensions, window=wanted, only=only
        )
    finally:
        clickhouse.close()
    rows = [row for row in rows if counts or only or row.score.kind != "count"]
    records = [_record(row, dimensions, wanted, settings.scores.confidence) for row in rows]
    if json:
        print_json(records)
    elif csv:
        names = list(_record_names(dimensions))
        print_csv(names, [[record[name] for name in names] for record in records])
    else:
        _print_table(rows, dimensions, wanted, _why_empty(measures, dimensions, only, window))


def _why_empty(measures: Measures, by: list[str], only: list[str], window: str) -> str:
    """Say what to try when there is nothing to show."""
    asked = [entry for entry in measures.measures if not only or entry.name in only]
    if not any(set(by) <= set(entry.dimensions) for entry in asked):
        declared = sorted({name for entry in asked for name in entry.dimensions})
        return f"No measure asked for is split by {', '.join(by)}; try {', '.join(declared)}."
    if window == "all":
        return "`earshot doctor` says whether anything was counted; --counts shows plain counts."
    return "Try --window all, or look at `earshot doctor`."


def window_of(window: str, at: str, now: datetime) -> Window:
    """Return the window that ends at `at` (or with the current minute) and is `window` long.

    Raises:
        typer.BadParameter: One of them cannot be read.
    """
    from streams.reading import Window

    if at:
        try:
            until = datetime.fromisoformat(at)
        except ValueError:
            raise typer.BadParameter(f"{at} is not ISO 8601.", param_hint="--at") from None
        until = until if until.tzinfo else until.replace(tzinfo=UTC)
    else:
        until = now.replace(second=0, microsecond=0) + timedelta(minutes=1)
    if window == "all":
        return Window(None, until if at else None)
    match = re.fullmatch(r"([1-9][0-9]{0,5})([mhdw])", window)
    if match is None:
        raise typer.BadParameter(
            f"{window} is not a length like 90m, 24h, 7d, 4w, or all.", param_hint="--window"
        )
    length = timedelta(**{_UNITS[match[2]]: int(match[1])})
    try:
        return Window(until - length, until)
    except OverflowError:
        raise typer.BadParameter(f"{window} reaches back too far.", param_hint="--window") from None


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _record_names(dimensions: list[str]) -> tuple[str, ...]:
    return (
        "measure", "score", *dimensions, "n", "value", "lower", "upper", "unit", "method",
        "confidence", "status", "window_start", "window_end",
    )  # fmt: skip


def _record(
    row: ScoreRow, dimensions: list[str], window: Window, confidence: float
) -> dict[str, Any]:
    result = row.result
    values = (
        row.measure.name, row.score.name, *row.group, result.n, result.value, result.lower,
        result.upper, row.score.unit, result.method, confidence, result.status,
        window.since and window.since.isoformat(),
        window.until and window.until.isoformat(),
    )  # fmt: skip
    return dict(zip(_record_names(dimensions), values, strict=True))


def _print_table(
    rows: list[ScoreRow], dimensions: list[str], window: Window, why_empty: str
) -> None:
    from streams.cli.console import print_table

    if not rows:
        print(f"No scores {_said(window)}. {why_empty}")
        return
    print_table(
        f"Scores {_said(window)}",
        ["measure", "score", *dimensions, "value", "interval", "n", "status"],
        [
            [
                row.measure.name,
                row.score.name,
                *(value or "-" for value in row.group),
                _number(row.result.value, row.score.unit, with_unit=True),
                _interval(row),
                f"{row.result.n:,}",
                row.result.status,
            ]
            for row in rows
        ],
        right=frozenset({"value", "interval", "n"}),
    )


def _interval(row: ScoreRow) -> str:
    if row.result.lower is None or row.result.upper is None or row.score.kind == "count":
        return ""
    lower = _number(row.result.lower, row.score.unit)
    return f"{lower} .. {_number(row.result.upper, row.score.unit)}"


def _number(value: float | None, unit: str, *, with_unit: bool = False) -> str:
    if value is None:
        return ""
    text = f"{value:,.{_DECIMALS.get(unit, 0)}f}"
    return f"{text} %" if with_unit and unit == "%" else text


def _said(window: Window) -> str:
    until = f"{window.until:%Y-%m-%d %H:%M} UTC" if window.until else "now"
    return f"from {window.since:%Y-%m-%d %H:%M} to {until}" if window.since else f"up to {until}"
