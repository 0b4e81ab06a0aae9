"""`earshot demo`: the whole pipeline on this machine, in about a minute."""

from __future__ import annotations

import sys
import time
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from sinks.clickhouse import ClickHouse
    from streams.demo.board import Board
    from streams.demo.play import Performance
    from streams.demo.stage import Stage
    from streams.settings import Settings
    from streams.simulation import Truth

__all__ = ["demo"]

#: Exit code after Ctrl-C.
INTERRUPTED = 130

_FRAME_S = 0.5
_LINE_S = 10.0


def demo(
    stay: Annotated[
        bool, typer.Option(help="Keep everything running at the end, until Ctrl-C.")
    ] = False,
) -> None:
    """Watch a simulated hour of customers become scores: real Kafka, real worker, real ClickHouse.

    Starts the parts on data of their own, plays the hour in about a minute with an incident in the
    middle, checks that every record sent was counted, and stops everything again.
    """
    from streams.cli.console import console
    from streams.settings import load_settings

    out = console()
    settings = load_settings()
    try:
        _run(out, settings, stay=stay)
    except KeyboardInterrupt:
        out.print("\nInterrupted. Everything that was started is stopped again.")
        raise typer.Exit(INTERRUPTED) from None


def _run(out: Console, settings: Settings, *, stay: bool) -> None:
    from sinks.clickhouse import ClickHouse
    from streams.cli.up import local_config
    from streams.demo.play import Performance, demo_config, wait_until_counted
    from streams.wiring import address_of

    config = local_config(settings)  # says so where the local parts are not installed
    from streams.demo.stage import staged

    with staged(settings, config, out.print) as stage:
        performance = Performance(
            stage.settings, demo_config(stage.settings, int(time.time() * 1000))
        )
        clickhouse = ClickHouse(address_of(stage.settings))
        try:
            performance.start()
            board = _board(performance)
            _watch(out, stage, performance, clickhouse, board)
            out.print("All is sent. Waiting until all of it is counted ...")
            counted = wait_until_counted(clickhouse, performance.truth.total, stage.check_worker)
            _print_incident(out, performance, clickhouse, board)
            _print_fates(performance.truth, counted)
            _print_next(out, stage, stay=stay)
            if stay:
                _stay()
        finally:
            performance.stop()
            clickhouse.close()


def _board(performance: Performance) -> Board:
    from streams.demo.board import MEASURE, Board
    from streams.wiring import measures_of, thresholds_of

    measure = measures_of(performance.settings).by_name(MEASURE)
    if measure is None:
        from schemas.errors import ConfigError

        raise ConfigError(
            f"The demo shows {MEASURE}, and the measures file does not have it.",
            cure="Unset EARSHOT_SCORES__MEASURES_FILE for the demo.",
        )
    return Board(
        measure=measure,
        score=measure.scores[0],
        thresholds=thresholds_of(performance.settings),
        start_ms=performance.config.start_ms,
        length_ms=int((performance.config.duration_s or 0) * 1000),
    )


def _watch(
    out: Console, stage: Stage, performance: Performance, clickhouse: ClickHouse, board: Board
) -> None:
    from rich.live import Live

    from streams.demo.board import Progress, minutes_of
    from streams.demo.play import fates

    live: Any = Live(console=out, refresh_per_second=4) if out.is_terminal else nullcontext()
    said = time.monotonic()
    with live:
        while not performance.over:
            stage.check_worker()
            counted = sum(topic["read"] for topic in fates(clickhouse).values())
            progress = Progress(performance.at_ms, performance.truth.total, counted)
            minutes = minutes_of(clickhouse, performance.config.start_ms)
            if out.is_terminal:
                live.update(board.draw(minutes, progress))
            elif time.monotonic() - said >= _LINE_S:
                said = time.monotonic()
                out.print(board.line(minutes, progress), soft_wrap=True)
            time.sleep(_FRAME_S)


def _print_incident(
    out: Console, performance: Performance, clickhouse: ClickHouse, board: Board
) -> None:
    from streams.cli.console import print_table
    from streams.demo.board import interval, minutes_of, percent, spark

    config = performance.config
    incident = config.incident
    if incident is None:
        return
    begin = config.start_ms + int(incident.after_s * 1000)
    end = begin + int(incident.lasts_s * 1000)
    minutes = minutes_of(clickhouse, config.start_ms)
    until = config.start_ms + board.length_ms + 60_000
    rows = []
    for touchpoint in sorted(minutes):
        parts = [
            board.window(minutes[touchpoint], since, upto)
            for since, upto in ((config.start_ms - 3_600_000, begin), (begin, end), (end, until))
        ]
        cells = [
            f"{percent(part.value)} ({interval(part)}, n {part.n})"
            if part.value is not None
            else ""
            for part in parts
        ]
        history = [
            board.window(minutes[touchpoint], since, since + 300_000).value
            for since in range(config.start_ms - config.start_ms % 60_000, until - 60_000, 300_000)
        ]
        rows.append([touchpoint, *cells, spark(history)])
    out.print()
    out.print(
        f"An incident hurt {incident.touchpoint} in the middle of the hour. Satisfied customers, "
        "with interval and number of answers:"
    )
    print_table("", ["touchpoint", "before", "during", "after", "by 5 minutes"], rows)


def _print_fates(truth: Truth, counted: dict[str, dict[str, int]]) -> None:
    from schemas.errors import StreamError
    from streams.cli.console import print_table

    names = ("accepted", "corrected", "duplicate", "rejected")
    rows: list[list[Any]] = []
    wrong = []
    for topic, found in counted.items():
        sent = truth.topic(topic)
        rows.append([topic, f"{sent:,}", f"{found['read']:,}", *(f"{found[n]:,}" for n in names)])
        expected = {name: truth.fates[topic, name] for name in names}
        if found["read"] != sent or any(found[name] != expected[name] for name in names):
            wrong.append(topic)
    sums = [sum(found[name] for found in counted.values()) for name in ("read", *names)]
    rows.append(["all", f"{truth.total:,}", *(f"{n:,}" for n in sums)])
    print()
    print("What was sent, what was read, and what became of it:")
    columns = ["topic", "sent", "read", *names]
    print_table("", columns, rows, right=frozenset(columns[1:]))
    if wrong:
        raise StreamError(
            f"The counts of {', '.join(wrong)} differ from what was sent.",
            cure="This is a bug: please report it with the demo's logs/worker.log.",
        )
    print("Every record sent has exactly one fate, and each is the one the simulation expected.")


def _print_next(out: Console, stage: Stage, *, stay: bool) -> None:
    access = stage.parts.clickhouse
    out.print()
    if not stay:
        out.print("The data stays until the next demo. To query it:", soft_wrap=True)
        commands = _commands(stage)
        for line in (commands[0], "earshot up", *commands[1:], "earshot down"):
            out.print(f"  {line}", soft_wrap=True, markup=False, highlight=False)
        out.print("STAY=1 (earshot demo --stay) keeps everything running instead.")
        return
    home = stage.config.home
    out.print("Everything keeps running until Ctrl-C.")
    out.print(f"  Kafka              {stage.parts.brokers}")
    out.print(f"  ClickHouse native  {access.host}:{access.port}, user {access.user}")
    out.print(f"  ClickHouse HTTP    http://{access.host}:{access.http_port}")
    out.print(f"  Password           in {home / 'clickhouse.password'}")
    out.print("To look around, type in another terminal:", soft_wrap=True)
    for line in _commands(stage):
        out.print(f"  {line}", soft_wrap=True, markup=False, highlight=False)


def _commands(stage: Stage) -> list[str]:
    """Return what to type to look around, ready to be copied."""
    access, local = stage.parts.clickhouse, stage.settings
    where = {
        "EARSHOT_HOME": str(stage.config.home),
        "EARSHOT_KAFKA__BROKERS": stage.parts.brokers,
        "EARSHOT_CLICKHOUSE__PORT": str(access.port),
        "PATH": f"{Path(sys.executable).parent}:$PATH",
    }
    query = (
        "SELECT period_start, touchpoint, value, lower, upper, n FROM scores_by_day "
        "WHERE measure = 'csat.1-5' AND score = 'top_box' AND grouped_by = 'touchpoint' "
        "ORDER BY period_start, touchpoint FORMAT PrettyCompact"
    )
    return [
        "export " + " ".join(f"{name}={value}" for name, value in where.items()),
        "earshot scores --by touchpoint",
        "earshot scores --measure first_reply.human.calendar --by channel",
        "earshot verify",
        "earshot doctor",
        "earshot rejects",
        f"curl -u {access.user}:$(cat $EARSHOT_HOME/clickhouse.password) "
        f"'http://{access.host}:{access.http_port}/?database={local.clickhouse.database}' "
        f'--data "{query}"',
    ]


def _stay() -> None:
    """Wait for Ctrl-C, which is how a demo that stays is meant to end."""
    with suppress(KeyboardInterrupt):
        while True:
            time.sleep(1)
