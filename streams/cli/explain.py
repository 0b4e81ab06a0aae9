"""`earshot explain`: what a number is made of."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from streams.explaining import Query

__all__ = ["explain"]

_LIMIT = 20

#: What "the data are not what they should be" ends with.
_DATA_REFUSED = 5


def explain(
    query: Annotated[
        str,
        typer.Argument(
            help="For example 'csat.1-5 by touchpoint=delivery 2018-03-14T10:00/1h'. In UTC unless an "
            "offset is given; 2018-03 and 2018-03-14 are a whole month and day."
        ),
    ] = "",
    measure: Annotated[
        str,
        typer.Option(help="Instead of a query: the measure, or the start of its name, and :SCORE."),
    ] = "",
    by: Annotated[str, typer.Option(help="Instead of a query: NAME=VALUE,NAME=VALUE.")] = "",
    since: Annotated[
        str, typer.Option(help="Instead of a query: start of the window, or 2018-03 for all of it.")
    ] = "",
    until: Annotated[
        str, typer.Option(help="Instead of a query: end of the window, or its length, such as 1h.")
    ] = "",
    limit: Annotated[
        int | None,
        typer.Option(min=1, help="At most so many records. Default: 20, with --json all."),
    ] = None,
    timeline: Annotated[
        bool, typer.Option("--timeline", help="Also the events of every conversation shown.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Explain a number: its arithmetic, its definition, its histogram and the records behind it.

    The records are found again in the raw tables and must come to what was counted. No customer id and
    no comment is printed.
    """
    from sinks.clickhouse import ClickHouse
    from streams.cli.console import print_json
    from streams.cli.explained import print_explanation
    from streams.explaining import explain as explain_number
    from streams.explaining.machine import as_json as to_json
    from streams.settings import load_settings
    from streams.wiring import address_of, measures_of, thresholds_of

    asked = _query(query, measure, by, since, until)
    settings = load_settings()
    measures = measures_of(settings)
    clickhouse = ClickHouse(address_of(settings))
    try:
        found = explain_number(
            clickhouse,
            measures,
            thresholds_of(settings),
            asked,
            now=datetime.now(UTC),
            limit=limit or (None if as_json else _LIMIT),
        )
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    finally:
        clickhouse.close()
    if as_json:
        print_json([to_json(found, measures, timelines=timeline)])
    else:
        print_explanation(found, measures, timelines=timeline)
    if not found.adds_up:
        print(
            f"earshot: {sum(found.histogram.values()):,} are counted, but the records come to "
            f"{found.gathered.count + sum(found.erased.values()):,}, or to other buckets. Run "
            "`earshot verify`.",
            file=sys.stderr,
        )
        raise typer.Exit(_DATA_REFUSED)


def _query(query: str, measure: str, by: str, since: str, until: str) -> Query:
    """Return what is asked for, as a query or as options.

    Raises:
        typer.BadParameter: It cannot be read, or it is both.
    """
    from streams.explaining import SHAPE, Query, query_of
    from streams.explaining.periods import window_of
    from streams.explaining.query import pairs_of

    try:
        if query:
            if measure or by or since or until:
                raise typer.BadParameter("Give a query or options, not both.")
            return query_of(query)
        if not measure or not since:
            raise typer.BadParameter(f"Give a query, {SHAPE}, or --measure and --since.")
        window = window_of(f"{since}/{until}" if until else since)
        return Query(measure.strip(), window, pairs_of(by))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
