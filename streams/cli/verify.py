"""`earshot verify`: count everything once more, and compare."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from streams.verifying.auditing import Audit
    from streams.verifying.comparing import Checked, Difference
    from streams.verifying.scope import Scope
    from streams.verifying.stored import Stored

__all__ = ["DIFFERENT", "NOT_CHECKED", "verify"]

DIFFERENT = 5
"""The exit code when a number is not what the raw rows come to, or records got lost."""

NOT_CHECKED = 1
"""The exit code when nothing differs, but a partition could not be checked."""

_SHOWN = 20


def verify(
    since: Annotated[
        str,
        typer.Option(help="Only minutes from then on: 2h, 7d, 2026-01-31, 2026-01-31T08:00Z."),
    ] = "",
    until: Annotated[str, typer.Option(help="Only minutes before then; as --since.")] = "",
    measure: Annotated[
        list[str] | None, typer.Option(help="Only this measure; may be given several times.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")] = False,
) -> None:
    """Recount every number from the raw rows, by a second and simpler way, and compare.

    Also checks that no record got lost: by the ledger, chunk by chunk. Nothing is changed. Ends with 0
    if nothing differs, with 5 if something does, with 1 if a partition could not be checked.
    """
    from rich.console import Console

    from sinks.clickhouse import ClickHouse
    from streams.settings import load_settings
    from streams.verifying.auditing import audit, partitions_of
    from streams.verifying.progress import showing
    from streams.verifying.stored import Stored
    from streams.wiring import address_of

    scope = _scope(since, until, measure or [])
    clickhouse = ClickHouse(address_of(load_settings()))
    started = time.monotonic()
    try:
        stored = Stored(clickhouse)
        _require_known(scope, stored)
        partitions = partitions_of(stored, scope)
        rows = sum(stored.count(partition) for partition in partitions)
        with showing(Console(stderr=True), rows) as progress:
            found = audit(stored, scope, partitions, progress)
    finally:
        clickhouse.close()
    took_s = time.monotonic() - started
    if as_json:
        _print_json(found, took_s)
    else:
        _print_text(found, took_s)
    if found.different or found.findings:
        raise typer.Exit(DIFFERENT)
    if found.unchecked:
        raise typer.Exit(NOT_CHECKED)


def _scope(since: str, until: str, measures: list[str]) -> Scope:
    from datetime import UTC, datetime

    from streams.rejecting import instant_of
    from streams.verifying.scope import Scope

    now = datetime.now(UTC)
    instants = []
    for name, text in (("--since", since), ("--until", until)):
        try:
            instants.append(instant_of(text, now) if text else None)
        except ValueError as error:
            raise typer.BadParameter(str(error), param_hint=name) from None
    begins, ends = instants
    if begins is not None and ends is not None and begins >= ends:
        raise typer.BadParameter("It is not after --since.", param_hint="--until")
    return Scope(begins, ends, frozenset(measures))


def _require_known(scope: Scope, stored: Stored) -> None:
    known = {one.name for each in stored.definitions().values() for one in each.measures}
    unknown = sorted(scope.measures - known)
    if unknown:
        raise typer.BadParameter(
            f"{', '.join(unknown)}: nothing was ever counted by that name. "
            f"The measures are {', '.join(sorted(known)) or 'none'}.",
            param_hint="--measure",
        )


def _print_text(found: Audit, took_s: float) -> None:
    from streams.cli.console import print_table

    if not found.partitions:
        typer.echo("Nothing was folded yet: there is nothing to check.")
        return
    if found.measures:
        print_table(
            "What was checked",
            ["measure", "counted", "cells", "differences"],
            [
                [name, f"{one.counted:,}", f"{one.cells:,}", f"{one.differences:,}"]
                for name, one in sorted(found.measures.items())
            ],
            right=frozenset({"counted", "cells", "differences"}),
        )
        typer.echo("")
    if found.differences:
        shown = found.differences[:_SHOWN]
        print_table(
            "Differences",
            ["measure", "dimensions", "minute", "bucket", "partition", "stored", "recounted"],
            [_cells_of(difference) for difference in shown],
            right=frozenset({"bucket", "stored", "recounted"}),
        )
        if found.different > len(shown):
            typer.echo(f"... and {found.different - len(shown):,} more.")
        typer.echo("")
    for partition, text in found.findings:
        typer.echo(f"Ledger        {partition.topic}/{partition.number}: {text}")
    for one in found.partitions:
        if one.moving:
            typer.echo(f"Moving        {_moving(one)}")
    rate = found.rows / took_s if took_s else 0
    read = sum(one.read for one in found.partitions)
    typer.echo(
        f"Read          {found.rows:,} raw rows of {read:,} records in "
        f"{len(found.partitions)} partitions, {took_s:.1f} s, {rate:,.0f} rows/s"
    )
    typer.echo(f"Compared      {found.cells:,} cells of {len(found.measures)} measures")
    typer.echo(f"Result        {_result(found)}")


def _result(found: Audit) -> str:
    said = []
    if found.different:
        said.append(f"{found.different:,} cells differ from what the raw rows come to.")
    if found.findings:
        said.append("The ledger does not add up.")
    if said:
        return " ".join([*said, "docs/verify.md says what to do."])
    if found.unchecked:
        return f"No difference, but {len(found.unchecked)} partitions were not checked."
    return "No difference."


def _moving(one: Checked) -> str:
    where = f"{one.partition.topic}/{one.partition.number}"
    if one.until is None:
        return (
            f"{where}: a worker writes to it, not checked. Stop the worker (or start it, if it was "
            "killed in the middle of a flush), or end before what it writes with --until."
        )
    return f"{where}: a worker writes to it, checked up to offset {one.until:,}."


def _cells_of(difference: Difference) -> list[Any]:
    cell, partition = difference.cell, difference.partition
    return [
        cell.measure,
        ", ".join(f"{name}={value}" for name, value in cell.dimensions),
        _minute(cell.slice_ms),
        cell.bucket,
        f"{partition.topic}/{partition.number}",
        f"{difference.stored:,}",
        f"{difference.recounted:,}",
    ]


def _minute(slice_ms: int) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(slice_ms / 1000, UTC).isoformat(timespec="minutes")


def _print_json(found: Audit, took_s: float) -> None:
    import json
    from dataclasses import asdict

    print(
        json.dumps(
            {
                "rows": found.rows,
                "cells": found.cells,
                "differences": found.different,
                "took_s": round(took_s, 3),
                "measures": {name: asdict(one) for name, one in sorted(found.measures.items())},
                "partitions": [
                    {
                        **one.partition._asdict(),
                        "rows": one.rows,
                        "read": one.read,
                        "until": one.until,
                        "moving": one.moving,
                        "findings": one.findings,
                    }
                    for one in found.partitions
                ],
                "first_differences": [
                    {
                        "measure": one.cell.measure,
                        "dimensions": dict(one.cell.dimensions),
                        "slice_start": _minute(one.cell.slice_ms),
                        "bucket": one.cell.bucket,
                        **one.partition._asdict(),
                        "stored": one.stored,
                        "recounted": one.recounted,
                    }
                    for one in found.differences
                ],
            },
            indent=2,
            ensure_ascii=False,
        )
    )
