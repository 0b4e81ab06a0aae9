"""`earshot replay`: fold what was read once more, to repair it or to build it anew."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from streams.batch import TopicPartition
    from streams.replaying.plan import Extent
    from streams.replaying.running import Built, Source
    from streams.settings import Settings

__all__ = ["DIFFERENT", "replay"]

DIFFERENT = 5
"""The exit code when what was built anew does not add up; it is not shown then."""


def replay(
    topic: Annotated[
        list[str] | None, typer.Option(help="Only this input topic; may be given several times.")
    ] = None,
    begin: Annotated[
        str,
        typer.Option("--from", help="Offset, or instant by the broker's time (2h, 2026-01-31)."),
    ] = "",
    end: Annotated[str, typer.Option("--to", help="Offset or instant to end before.")] = "",
    into: Annotated[
        str,
        typer.Option(help="shadow: build all topics anew beside what is shown, then show it."),
    ] = "",
    source: Annotated[
        str,
        typer.Option(
            help="Of what Kafka does not keep any more, for a shadow: kafka or raw (rows)."
        ),
    ] = "kafka",
    show: Annotated[
        bool, typer.Option("--show/--no-show", help="Show a shadow once it is verified.")
    ] = True,
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep what a shadow has replaced until --drop.")
    ] = False,
    drop: Annotated[
        bool,
        typer.Option("--drop", help="Delete what replays have replaced, and unfinished shadows."),
    ] = False,
) -> None:
    """Fold a stretch of the log again.

    Without --into, the sealed chunks of the stretch are folded again and what is stored of them is put
    right. With --into shadow, everything is folded anew with the present measures, beside what is shown;
    it is verified, and then shown at once, while the workers go on. Cut short, it goes on where it was.
    """
    from streams.logs import set_up_logs
    from streams.settings import load_settings

    settings = load_settings()
    set_up_logs(settings.log.model_copy(update={"level": "warning"}))
    if into not in ("", "shadow"):
        raise typer.BadParameter("It is shadow, or nothing.", param_hint="--into")
    if source not in ("kafka", "raw"):
        raise typer.BadParameter("It is kafka or raw.", param_hint="--source")
    if drop:
        _drop(settings)
    elif into:
        if topic or begin or end:
            raise typer.BadParameter("A shadow is of everything.", param_hint="--topic/--from/--to")
        _shadow(settings, "raw" if source == "raw" else "kafka", show=show)
        if show and not keep:
            _drop(settings)
    else:
        _repair(settings, topic or [], begin, end)


def _repair(settings: Settings, topics: list[str], begin: str, end: str) -> None:
    import asyncio

    from schemas.catalog import INPUTS
    from streams.cli.replay_progress import telling
    from streams.replaying.plan import extents
    from streams.replaying.running import repair

    names = [one.name for one in INPUTS]
    if unknown := sorted(set(topics) - set(names)):
        raise typer.BadParameter(
            f"{', '.join(unknown)}: the input topics are {', '.join(names)}.", param_hint="--topic"
        )
    log = extents(settings.kafka.brokers, topics or names)
    first = _places(settings, log, begin, "--from", default="first")
    last = _places(settings, log, end, "--to", default="end")
    stretches = {tp: (first[tp], last[tp]) for tp in log if first[tp] < last[tp]}
    started = time.monotonic()
    with telling() as told:
        found = asyncio.run(repair(settings, stretches, told))
    took_s = time.monotonic() - started
    typer.echo(f"Folded again  {found.chunks:,} sealed chunks, {took_s:.1f} s")
    typer.echo(
        f"Counts        {found.right:,} right, {found.wrong:,} wrong, {found.missing:,} missing, "
        f"{found.stale:,} that should not be there"
    )
    if found.gone:
        typer.echo(
            f"Left out      {found.gone:,} chunks that Kafka does not keep as a whole any more: "
            "`earshot replay --into shadow --source raw`"
        )
    if not found.chunks and not found.gone:
        typer.echo(
            "Result        No chunk of this stretch is full: a worker repairs the open one itself."
        )
    elif found.mended:
        typer.echo(
            f"Result        {found.mended:,} counts were put right. Check: `earshot verify`."
        )
    else:
        typer.echo("Result        Everything was right.")


def _shadow(settings: Settings, source: Source, *, show: bool) -> None:
    import asyncio

    from rich.console import Console

    from streams.cli.replay_progress import telling
    from streams.replaying.running import build_shadow
    from streams.verifying.progress import showing

    started = time.monotonic()
    with telling() as told, showing(Console(stderr=True), 0) as checking:
        built = asyncio.run(build_shadow(settings, source, told, checking, show=show))
    took_s = time.monotonic() - started
    rate = built.records / took_s if took_s else 0
    typer.echo(f"Folded        {built.records:,} offsets, {took_s:.1f} s, {rate:,.0f} a second")
    typer.echo(f"Verified      {built.audit.cells:,} cells of {len(built.audit.measures)} measures")
    _say_result(built, show=show)


def _say_result(built: Built, *, show: bool) -> None:
    audit = built.audit
    if audit.different or audit.findings or audit.unchecked:
        for partition, text in audit.findings:
            typer.echo(f"Ledger        {partition.topic}/{partition.number}: {text}")
        typer.echo(
            f"Result        {audit.different:,} cells differ, {len(audit.unchecked)} partitions were "
            "not checked. It is not shown; nothing changed. Run it again, or `earshot replay --drop`."
        )
        raise typer.Exit(DIFFERENT)
    if not show:
        typer.echo("Result        No difference. Run it again without --no-show to show it.")
        return
    typer.echo("Result        No difference. It is shown from now on; the workers go on with it.")


def _drop(settings: Settings) -> None:
    from sinks.clickhouse import ClickHouse
    from streams.replaying import shadow
    from streams.store import Store
    from streams.wiring import address_of

    clickhouse = ClickHouse(address_of(settings))
    try:
        store = Store(clickhouse)
        shadow.give_up(store)
        dropped = shadow.drop_retired(clickhouse, store)
    finally:
        clickhouse.close()
    for one in dropped:
        typer.echo(f"Dropped       {one.topic}, epoch {one.number}")
    if not dropped:
        typer.echo("Nothing to drop.")


def _places(
    settings: Settings,
    log: Mapping[TopicPartition, Extent],
    text: str,
    option: str,
    *,
    default: str,
) -> dict[TopicPartition, int]:
    """Return an offset of each partition: the same number in all, or where an instant is."""
    from datetime import UTC, datetime

    from streams.rejecting import instant_of
    from streams.replaying.plan import offsets_at

    if not text:
        return {
            tp: extent.first if default == "first" else extent.end for tp, extent in log.items()
        }
    if text.isdigit():
        return dict.fromkeys(log, int(text))
    try:
        instant = instant_of(text, datetime.now(UTC))
    except ValueError as error:
        raise typer.BadParameter(f"{error} Or an offset.", param_hint=option) from None
    return offsets_at(settings.kafka.brokers, log, int(instant.timestamp() * 1000))
