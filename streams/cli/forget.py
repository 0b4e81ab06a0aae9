"""`earshot forget`: erase a customer."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from streams.forgetting import Erased, Request

__all__ = ["forget"]


def forget(
    customer: Annotated[
        str | None,
        typer.Option(metavar="ID", help="The customer_id. A dash reads it from standard input."),
    ] = None,
    anonymous: Annotated[
        str | None,
        typer.Option(metavar="ID", help="The anonymous_id, of a customer nobody knows. Or a dash."),
    ] = None,
    keep: Annotated[
        bool | None,
        typer.Option(
            "--keep/--drop",
            help="Leave published counts as they are, or take out what the customer had added. "
            "Without: privacy.forget.",
            show_default=False,
        ),
    ] = None,
    wait_s: Annotated[
        float | None,
        typer.Option("--wait", min=0, help="Seconds to wait for the workers.", show_default=False),
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Do not ask first. Without a terminal it must be said.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Erase a customer: answers, conversations, invitations, follow-ups, rejected records, cases.

    Workers do it, each partition where its log says so; this command asks them, waits, and prints what was
    done. It cannot be undone. It leaves a row in the table erasures for each partition, without the id.
    """
    from rich.console import Console

    from sinks.clickhouse import ClickHouse
    from streams.forgetting import OF_CUSTOMERS, Request, ask_all, bury, wait_until_erased
    from streams.producing import Publisher
    from streams.settings import load_settings
    from streams.wiring import address_of, registry_of

    kind, name = _whom(customer, anonymous)
    if not yes:
        _ask_first()
    settings = load_settings()
    mode = settings.privacy.forget if keep is None else "keep" if keep else "drop"
    request = Request(name, "customer" if kind == "customer" else "anonymous", mode)
    registry = registry_of(settings)
    clickhouse = ClickHouse(address_of(settings))
    try:
        clickhouse.rows(f"SELECT 1 FROM {clickhouse.address.database}.erasures LIMIT 1")
        with Publisher(settings.kafka.brokers, registry, client_id="earshot-forget") as publisher:
            partitions = ask_all(request, publisher)
            limit_s = settings.privacy.wait_s if wait_s is None else wait_s
            if not as_json:
                typer.echo(
                    f"Request       {request.id}: {sum(partitions.values())} partitions asked."
                )
            with Console(stderr=True).status("Waiting for the workers") as status:
                erased = wait_until_erased(
                    clickhouse,
                    request.id,
                    partitions,
                    limit_s=limit_s,
                    progress=lambda done: status.update(f"Erased from {done} partitions"),
                )
            buried = {topic: bury(topic, request, publisher, registry) for topic in OF_CUSTOMERS}
    finally:
        clickhouse.close()
    if as_json:
        _print_json(request, erased, buried)
    else:
        _print_text(request, settings.clickhouse.database, erased, buried)


def _whom(customer: str | None, anonymous: str | None) -> tuple[str, str]:
    if (customer is None) == (anonymous is None):
        raise typer.BadParameter("Give one of --customer and --anonymous.")
    kind, name = ("customer", customer) if customer is not None else ("anonymous", anonymous)
    if name == "-":
        name = sys.stdin.readline().rstrip("\r\n")
    if not name:
        raise typer.BadParameter("The id is empty.", param_hint=f"--{kind}")
    return kind, name


def _ask_first() -> None:
    if not _on_a_terminal():
        raise typer.BadParameter(
            "Nobody can be asked here: this is no terminal. Say --yes to erase without being asked.",
            param_hint="--yes",
        )
    typer.confirm("Erase this customer from everything? It cannot be undone.", abort=True)


def _on_a_terminal() -> bool:
    return sys.stdin.isatty()


def _print_text(
    request: Request, database: str, erased: Mapping[str, Erased], buried: Mapping[str, int]
) -> None:
    from schemas.catalog import topic
    from streams.cli.console import print_table

    print_table(
        "Erased",
        ["topic", "partitions", "records", "cells"],
        [[name, one.partitions, one.rows, one.cells] for name, one in erased.items()],
        right=frozenset({"partitions", "records", "cells"}),
    )
    counts = {
        "keep": "Kept: published numbers stay as they are, without a way back to the customer.",
        "drop": "Dropped: what the customer had added was taken out of every number.",
    }
    typer.echo(f"Counts        {counts[request.mode]}")
    for name, keys in buried.items():
        typer.echo(
            f"Cases         {f'{keys}, each with a tombstone' if keys else 'None'}, in {name}."
        )
    if not any(one.rows for one in erased.values()):
        typer.echo("Found         No record of this customer was counted. Is it the right id?")
    typer.echo(
        f"Audit         SELECT * FROM {database}.erasures FINAL WHERE request = '{request.id}' "
        "(without the id)"
    )
    days = topic("feedback.responses").retention
    typer.echo(
        f"Not yet       Kafka keeps the old records, and this request, for the retention of the input "
        f"topics and of feedback.rejects ({days} as created). Backups keep theirs. See docs/privacy.md."
    )


def _print_json(request: Request, erased: Mapping[str, Erased], buried: Mapping[str, int]) -> None:
    import json
    from dataclasses import asdict

    print(
        json.dumps(
            {
                "request": request.id,
                "subject": request.kind,
                "mode": request.mode,
                "topics": {name: asdict(one) for name, one in erased.items()},
                "tombstones": dict(buried),
            },
            indent=2,
        )
    )
