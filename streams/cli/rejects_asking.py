"""What the commands of `earshot rejects` have in common: which records, and where to ask."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

if TYPE_CHECKING:
    from schemas.registry import Registry
    from sinks.clickhouse import ClickHouse
    from streams.rejecting import Choice, Coordinates, Judge, LeftOut, RejectFilter
    from streams.settings import Settings

__all__ = [
    "PLACE",
    "Chosen",
    "Everything",
    "OfTopic",
    "Places",
    "Since",
    "WithReason",
    "asking",
    "choose",
    "coordinates",
    "filter_of",
    "judge_of",
    "require_consent",
    "shown",
    "told",
]

PLACE = "TOPIC/PARTITION/OFFSET"

# Which records, as the commands that change something take it.
Places = Annotated[
    list[str] | None, typer.Argument(metavar=PLACE, help="Which records. Or give a filter.")
]
OfTopic = Annotated[str | None, typer.Option("--topic", help="Those of this input topic.")]
WithReason = Annotated[str | None, typer.Option("--reason", help="Those with this reason.")]
Since = Annotated[
    str | None,
    typer.Option(
        "--since", help="Those since then, by the broker's time: 30m, 2h, 7d, 2026-01-31T08:00Z."
    ),
]
Everything = Annotated[bool, typer.Option("--all", help="All on the list.")]

#: Records that are told one by one.
_TOLD = 10


class Chosen(NamedTuple):
    """The records a command is about; those it is not about; and whether the limit left more."""

    choices: list[Choice]
    left_out: list[LeftOut]
    more: bool


@contextmanager
def asking(settings: Settings | None = None) -> Iterator[ClickHouse]:
    """Connect to ClickHouse inside a `with` block."""
    from sinks.clickhouse import ClickHouse
    from streams.settings import load_settings
    from streams.wiring import address_of

    # The driver logs what we tell in a sentence, with a stack trace.
    logging.getLogger("clickhouse_driver").setLevel(logging.CRITICAL)
    clickhouse = ClickHouse(address_of(settings or load_settings()))
    try:
        yield clickhouse
    finally:
        clickhouse.close()


def coordinates(text: str) -> Coordinates:
    """Read TOPIC/PARTITION/OFFSET, or end with a usage error."""
    from streams.rejecting import coordinates_of

    try:
        return coordinates_of(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=PLACE) from None


def filter_of(topic: str | None, reason: str | None, since: str | None) -> RejectFilter:
    """Return the filter of some options, or end with a usage error."""
    from datetime import UTC, datetime

    from schemas.catalog import INPUTS
    from streams.fold.rejection import REASONS
    from streams.rejecting import RejectFilter, instant_of

    topics = [entry.name for entry in INPUTS]
    if topic is not None and topic not in topics:
        raise typer.BadParameter(f"It is one of {', '.join(topics)}.", param_hint="--topic")
    if reason is not None and reason not in REASONS:
        raise typer.BadParameter(f"It is one of {', '.join(REASONS)}.", param_hint="--reason")
    try:
        instant = instant_of(since, datetime.now(UTC)) if since else None
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--since") from None
    return RejectFilter(topic, reason, instant)


def choose(
    clickhouse: ClickHouse,
    records: list[str],
    wanted: RejectFilter,
    *,
    everything: bool,
    limit: int,
) -> Chosen:
    """Return the records that some arguments name: single ones, a filter, or all. One of the three."""
    from streams.rejecting import RejectFilter, chosen, chosen_at

    ways = [bool(records), wanted != RejectFilter(), everything]
    if sum(ways) != 1:
        raise typer.BadParameter(
            f"Say which records: {PLACE}, or a filter (--topic, --reason, --since), or --all."
        )
    if records:
        choices, left_out = chosen_at(clickhouse, [coordinates(record) for record in records])
        return Chosen(choices[:limit], left_out, len(choices) > limit)
    choices = chosen(clickhouse, wanted, limit + 1)
    return Chosen(choices[:limit], [], len(choices) > limit)


def judge_of(settings: Settings, registry: Registry) -> Judge:
    """Return what judges records by the measures and limits of the settings."""
    import time

    from streams.fold.judging import Rules
    from streams.rejecting import Judge
    from streams.wiring import measures_of

    return Judge(
        registry=registry,
        rules=Rules(measures_of(settings), round(settings.worker.clock_skew_s * 1000)),
        max_bytes=settings.worker.max_record_bytes,
        now_ms=lambda: int(time.time() * 1000),
    )


def require_consent(question: str, *, yes: bool) -> None:
    """Ask on a terminal; elsewhere `--yes` must have been given."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise typer.BadParameter("Nobody can be asked here: add --yes.", param_hint="--yes")
    typer.confirm(question, abort=True)


def told(left_out: list[LeftOut]) -> list[str]:
    """Return a line for each of the first records that were left out, and one for the rest."""
    lines = [f"Left out      {one.where}: {one.why}." for one in left_out[:_TOLD]]
    if len(left_out) > _TOLD:
        lines.append(f"Left out      {len(left_out) - _TOLD} more.")
    return lines


def shown(value: Any) -> Any:
    """Return a value as the commands print it: an instant in ISO 8601."""
    from datetime import datetime

    return value.isoformat(timespec="milliseconds") if isinstance(value, datetime) else value
