"""`earshot scores`: the scores of a window, as a table."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from schemas.measures import Measures
    from streams.reading import Window

__all__ = ["scores"]


def scores(
    by: Annotated[
        str,
        typer.Option(help="Dimensions to tell apart, for example touchpoint,attributes.tier."),
    ] = "",
    window: Annotated[
        str, typer.Option(help="Length of the window: 90m, 24h, 7d, 4w, or all.")
    ] = "24h",
    since: Annotated[
        str,
        typer.Option(help="Start of the window instead of its length, ISO 8601, UTC by default."),
    ] = "",
    until: Annotated[
        str,
        typer.Option(
            "--until", "--at", help="End of the window, ISO 8601, UTC by default. Default: now."
        ),
    ] = "",
    measure: Annotated[
        str, typer.Option(help="Only these measures, for example csat.1-5,nps.transactional.")
    ] = "",
    counts: Annotated[bool, typer.Option(help="Also show plain counts.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
) -> None:
    """Print current scores, each with its interval and the number of answers behind it.

    Durations are in seconds in JSON and CSV. A measure that counts a customer once per hour, day or
    month is shown if --measure names it and --since and --until are exactly one of these, in UTC.
    """
    from sinks.clickhouse import ClickHouse
    from streams.cli.console import print_csv, print_json
    from streams.cli.score_table import print_scores, record_names, record_of, said
    from streams.cli.windows import window_between, window_of
    from streams.reading import scores as read_scores
    from streams.settings import load_settings
    from streams.wiring import address_of, measures_of, thresholds_of

    dimensions = _names(by)
    now = datetime.now(UTC)
    wanted = window_between(since, until, now) if since else window_of(window, until, now)
    if json and csv:
        raise typer.BadParameter("JSON and CSV exclude each other.", param_hint="--csv")
    settings = load_settings()
    measures = measures_of(settings)
    _check_dimensions(dimensions, measures)
    only = _names(measure)
    if unknown := [name for name in only if measures.by_name(name) is None]:
        known = ", ".join(entry.name for entry in measures.measures)
        raise typer.BadParameter(
            f"{', '.join(unknown)}: the measures are {known}", param_hint="--measure"
        )
    clickhouse = ClickHouse(address_of(settings))
    try:
        rows = read_scores(
            clickhouse,
            measures,
            thresholds_of(settings),
            now=now,
            by=dimensions,
            window=wanted,
            only=only,
        )
    finally:
        clickhouse.close()
    rows = [
        row
        for row in rows
        if row.measure.name in only
        or (not row.measure.once_per and (counts or row.score.kind != "count"))
    ]
    for name in only:
        _tell_once_per(name, measures, wanted)
    records = [record_of(row, dimensions, wanted, settings.scores.confidence) for row in rows]
    if json:
        print_json(records)
    elif csv:
        names = list(record_names(dimensions))
        print_csv(names, [[record[name] for name in names] for record in records])
    elif rows:
        print_scores(rows, dimensions, wanted)
    else:
        print(f"No scores {said(wanted)}. {_why_empty(measures, dimensions, only, window)}")


def _check_dimensions(dimensions: list[str], measures: Measures) -> None:
    """Refuse a dimension that no measure could have."""
    from schemas.measures import ATTRIBUTE, DIMENSIONS

    declared = {name for entry in measures.measures for name in entry.dimensions}
    attributes = sorted(name for name in declared if name.startswith(ATTRIBUTE))
    known = [*DIMENSIONS, *attributes]
    if unknown := [name for name in dimensions if name not in known]:
        raise typer.BadParameter(
            f"{', '.join(unknown)}: the dimensions are {', '.join(known)}", param_hint="--by"
        )
    if len(set(dimensions)) < len(dimensions):
        raise typer.BadParameter("A dimension is named twice.", param_hint="--by")


def _tell_once_per(name: str, measures: Measures, window: Window) -> None:
    """Say why a measure that was asked for is not shown."""
    from streams.reading import covers_one

    measure = measures.by_name(name)
    if measure and measure.once_per and not covers_one(measure.once_per, window):
        print(
            f"earshot: {name} counts each customer once per {measure.once_per}: it is shown if "
            f"--since and --until are exactly one {measure.once_per} of UTC.",
            file=sys.stderr,
        )


def _why_empty(measures: Measures, by: list[str], only: list[str], window: str) -> str:
    """Say what to try when there is nothing to show."""
    asked = [entry for entry in measures.measures if not only or entry.name in only]
    if not any(set(by) <= set(entry.dimensions) for entry in asked):
        declared = sorted({name for entry in asked for name in entry.dimensions})
        return f"No measure asked for is split by {', '.join(by)}; try {', '.join(declared)}."
    if window == "all":
        return "`earshot doctor` says whether anything was counted; --counts shows plain counts."
    return "Try --window all, or look at `earshot doctor`."


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]
