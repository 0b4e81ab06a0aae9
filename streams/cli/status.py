"""`earshot status`: how the local parts and the partitions are, and what to do about an alarm."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streams.cli.up import HomeOption, local_config

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from deploy.local.part import PartStatus
    from schemas.errors import EarshotError
    from streams.partitions import Log, Standing, Written
    from streams.settings import Settings

__all__ = ["NOT_ALL_RUNNING", "status"]

NOT_ALL_RUNNING = 4
"""The exit code when a part does not answer or a partition is stopped or waits."""

_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def status(
    home: HomeOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")] = False,
    wait: Annotated[
        float,
        typer.Option("--wait", min=0.1, help="Seconds Kafka and ClickHouse may take to answer."),
    ] = 5.0,
) -> None:
    """Show how the local parts are, how far the workers are, and what holds them up.

    Ends with 0 only if all parts answer and no partition is stopped or waits.
    """
    from streams.partitions import standings
    from streams.settings import load_settings

    # The clients log what we tell in a sentence, with stack traces.
    for library in ("kafka", "clickhouse_driver"):
        logging.getLogger(library).setLevel(logging.CRITICAL)
    settings = load_settings()
    problems: dict[str, EarshotError] = {}
    log = _kafka(settings, wait, problems)
    written = _clickhouse(settings, wait, problems)
    folder, parts = _parts(settings, home, _silent(log, problems))
    rows = standings(log, written)
    is_well = not (
        problems
        or any(row.is_alarm for row in rows)
        or any(part.state != "running" for part in parts)
    )
    if as_json:
        _print_json(is_well, folder, parts, rows, problems)
    else:
        _print(parts, rows, problems)
    if not is_well:
        raise typer.Exit(NOT_ALL_RUNNING)


def _kafka(settings: Settings, wait: float, problems: dict[str, EarshotError]) -> Log | None:
    import time

    from schemas.errors import StreamError
    from streams.partitions import ask_kafka

    brokers, group = settings.kafka.brokers, settings.kafka.group
    try:
        log = ask_kafka(brokers, group, now_s=time.time(), limit_s=wait)
    except StreamError as error:
        problems["Kafka"] = error
        return None
    if log.missing:
        problems["Kafka"] = StreamError(
            f"The broker {brokers} lacks {', '.join(log.missing)}.",
            cure="Run `earshot topics --create`.",
        )
    return log


def _clickhouse(
    settings: Settings, wait: float, problems: dict[str, EarshotError]
) -> Written | None:
    from dataclasses import replace

    from schemas.errors import SinkError
    from streams.partitions import ask_clickhouse
    from streams.wiring import address_of

    address = address_of(settings)
    try:
        return ask_clickhouse(replace(address, timeout_s=min(wait, address.timeout_s)))
    except SinkError as error:
        problems["ClickHouse"] = error
        return None


def _silent(log: Log | None, problems: dict[str, EarshotError]) -> set[str]:
    """Return the names of what does not answer; what refuses does answer."""
    from sinks.clickhouse import SinkUnavailable

    silent = {"Kafka"} if log is None else set()
    if isinstance(problems.get("ClickHouse"), SinkUnavailable):
        silent.add("ClickHouse")
    return silent


def _parts(
    settings: Settings, home: Path | None, silent: set[str]
) -> tuple[Path | None, list[PartStatus]]:
    """Return the parts of this machine that are used: those that run, or that nobody stands in for."""
    from schemas.errors import LocalError

    try:
        config = local_config(settings, home)
    except LocalError:
        return None, []  # installed for a Kafka and a ClickHouse that are elsewhere
    from deploy.local.parts import part_statuses

    servers = [server.rpartition(":")[0].strip() for server in settings.kafka.brokers.split(",")]
    elsewhere = {
        "Kafka": not any(server in _LOOPBACK for server in servers),
        "ClickHouse": settings.clickhouse.host not in _LOOPBACK,
    }
    used = [
        part
        for part in part_statuses(config)
        if part.state != "stopped" or (part.name in silent and not elsewhere[part.name])
    ]
    return config.home, used


def _print_json(
    is_well: bool,
    home: Path | None,
    parts: Sequence[PartStatus],
    rows: Sequence[Standing],
    problems: dict[str, EarshotError],
) -> None:
    answer: dict[str, Any] = {
        "ok": is_well,
        "home": None if home is None else str(home),
        "parts": [asdict(part) for part in parts],
        "problems": [
            {"part": name, "what": error.what, "cure": error.cure}
            for name, error in problems.items()
        ],
        "partitions": [asdict(row) for row in rows],
    }
    text = json.dumps(answer, indent=2, ensure_ascii=False, default=lambda time: time.isoformat())
    typer.echo(text)


def _print(
    parts: Sequence[PartStatus], rows: Sequence[Standing], problems: dict[str, EarshotError]
) -> None:
    from streams.cli import status_text
    from streams.cli.console import print_table

    if parts:
        print_table("", status_text.PARTS, [status_text.part_cells(part) for part in parts])
    if rows:
        if parts:
            typer.echo()
        columns, cells = status_text.partition_table(rows)
        print_table("", columns, cells, right=status_text.NUMBERS)
    for block in status_text.alarms(rows, problems):
        typer.echo(f"\n{block}")
    if rows and not problems:
        typer.echo(f"\n{status_text.summary(rows)}")
