"""`earshot import`: send the rows of a file to Kafka as events."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from schemas.registry import Registry
    from streams.fold.judging import Rules
    from streams.importing.plan import Outgoing, Plan
    from streams.importing.progress import ProgressKind
    from streams.importing.reasons import Refused
    from streams.importing.rows import Row
    from streams.importing.session import Session
    from streams.settings import Settings

__all__ = ["INTERRUPTED", "REFUSED", "import_"]

REFUSED = 5
"""The exit code when a row was refused. All others were sent."""

INTERRUPTED = 130
"""The exit code after Ctrl-C. The same command goes on."""

_EXAMPLES_OF_A_REASON = 3


def import_(
    file: Annotated[Path, typer.Argument(help="A .csv, .ndjson or .parquet file.")],
    mapping: Annotated[
        Path, typer.Option("--mapping", "-m", help="How rows become events; see docs/import.md.")
    ],
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Send and write nothing; show what would happen.")
    ] = False,
    show: Annotated[int, typer.Option(min=0, help="Events that a dry run shows.")] = 3,
    restart: Annotated[
        bool, typer.Option("--restart", help="Begin with the first row, not where it stopped.")
    ] = False,
    state: Annotated[
        Path | None,
        typer.Option(help="Where to remember how far it is. Default: next to FILE."),
    ] = None,
    bad: Annotated[
        Path | None, typer.Option(help="Where refused rows go. Default: next to FILE.")
    ] = None,
    progress: Annotated[
        Literal["auto", "none", "plain", "bar"], typer.Option(help="How progress is shown.")
    ] = "auto",
) -> None:
    """Send the rows of a table to Kafka as events.

    Interrupted, it goes on where it stopped. Importing a file twice changes no number: its event
    ids are the same every time. Ends with 5 if a row was refused.
    """
    from rich.console import Console

    from streams.importing.plan import prepare
    from streams.importing.session import Session
    from streams.settings import load_settings
    from streams.wiring import registry_of

    settings = load_settings()
    registry = registry_of(settings)
    plan = prepare(
        mapping, file, registry, _rules(settings), max_bytes=settings.worker.max_record_bytes
    )
    errors = Console(stderr=True)
    try:
        if dry_run:
            code = _rehearse(plan, registry, errors, progress, show)
        else:
            session = Session(
                plan, file, settings.kafka.brokers, state=state, bad=bad, restart=restart
            )
            code = _import(session, settings, registry, errors, progress)
    except KeyboardInterrupt:
        typer.echo("Interrupted. The same command goes on from the last checkpoint.", err=True)
        code = INTERRUPTED
    finally:
        plan.rows.close()
    if code:
        raise typer.Exit(code)


def _rehearse(
    plan: Plan, registry: Registry, errors: Console, progress: ProgressKind, show: int
) -> int:
    from schemas.registry import subject_of
    from streams.importing.contract import fields_of
    from streams.importing.progress import reporter
    from streams.importing.session import rehearse
    from streams.importing.stopping import stop_signals
    from streams.importing.summary import counts, event_text

    fields = {
        topic: fields_of(registry.latest(subject_of(topic)).definition) for topic in plan.topics
    }
    shown: list[str] = []
    refused: Counter[str] = Counter()
    examples: list[str] = []

    def show_event(event: Outgoing) -> None:
        if len(shown) < show:
            shown.append(event_text(event, fields[event.topic]))

    def note(row: Row, refusal: Refused) -> None:
        refused[refusal.reason] += 1
        if refused[refusal.reason] <= _EXAMPLES_OF_A_REASON:
            examples.append(f"  line {row.line}: {refusal.reason}: {refusal.detail}")

    reporting = reporter(progress, errors)
    started = time.monotonic()
    try:
        with stop_signals() as stopping:
            tally = rehearse(plan, show_event, note, reporting, stopping)
            stopped = stopping()
    finally:
        reporting.close()
    for text in shown:
        typer.echo(text)
    typer.echo("")
    for line in counts(tally, took_s=time.monotonic() - started, sent=False):
        typer.echo(line)
    if examples:
        typer.echo("The first of each reason:")
        for example in examples:
            typer.echo(example)
    if stopped:
        typer.echo(f"Stopped after row {tally.rows:,}; the rest was not looked at.")
        return INTERRUPTED
    typer.echo("Next          the same command without --dry-run sends them")
    return REFUSED if tally.refused_rows else 0


def _import(
    session: Session,
    settings: Settings,
    registry: Registry,
    errors: Console,
    progress: ProgressKind,
) -> int:
    from streams.importing.progress import reporter
    from streams.importing.stopping import stop_signals
    from streams.importing.summary import counts, finished_before
    from streams.producing import Publisher

    tally, rows_before = session.tally, session.tally.rows
    if session.already_done:
        typer.echo(finished_before(tally, session.bad.path))
        return REFUSED if tally.refused_rows else 0
    started = time.monotonic()
    # Full batches matter more than the first record's latency.
    with Publisher(
        settings.kafka.brokers, registry, client_id="earshot-import", linger_ms=100
    ) as publisher:
        for topic in session.plan.topics:
            publisher.require_topic(topic)
        reporting = reporter(progress, errors, done=rows_before)
        try:
            with stop_signals() as stopping:
                finished = session.run(publisher, reporting, stopping)
        finally:
            reporting.close()
            if session.bad.kept_as is not None:
                typer.echo(
                    f"Kept          {session.bad.path} was there and is not as an import left it; "
                    f"it is {session.bad.kept_as} now"
                )
    took_s = time.monotonic() - started
    for line in counts(tally, took_s=took_s, rows_before=rows_before):
        typer.echo(line)
    if session.lacks_revision:
        typer.echo(
            "Note          the file changed since it was imported; an answer sent before stays as "
            "it was, unless the mapping has a `revision` that grew (docs/import.md, Ids)"
        )
    if not finished:
        typer.echo(f"Stopped after row {tally.rows:,}; up to there all is in Kafka.")
        typer.echo("Next          the same command goes on from there")
        return INTERRUPTED
    if tally.refused_rows:
        typer.echo(f"Next          correct {session.bad.path} and import it with the same mapping")
        return REFUSED
    typer.echo(
        "Next          a running `earshot worker` counts them; `earshot scores` shows the scores"
    )
    return 0


def _rules(settings: Settings) -> Rules:
    from schemas.definitions import load_measures
    from streams.fold.judging import Rules

    return Rules(
        measures=load_measures(settings.scores.measures_file),
        clock_skew_ms=round(settings.worker.clock_skew_s * 1000),
    )
