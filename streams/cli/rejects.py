"""`earshot rejects`: the records that could not be counted, why, and what to do about each."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from streams.cli.rejects_asking import PLACE, asking, coordinates, filter_of, shown
from streams.cli.rejects_drop import drop_rejects
from streams.cli.rejects_explain import explain_reject
from streams.cli.rejects_replay import replay_rejects

if TYPE_CHECKING:
    from streams.rejecting import RejectedRecord

__all__ = ["rejects"]


class _ListByDefault(TyperGroup):
    """`earshot rejects --topic X` means `earshot rejects list --topic X`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] not in {"--help", "-h"}):
            args = ["list", *args]
        return super().parse_args(ctx, args)


class By(StrEnum):
    """What to count records by."""

    REASON = "reason"


rejects = typer.Typer(
    name="rejects",
    cls=_ListByDefault,
    no_args_is_help=False,
    help="Show the records that could not be counted, and why. Without a command: list them.",
)


@rejects.command("list")
def list_rejects(
    topic: Annotated[str | None, typer.Option(help="Only of this input topic.")] = None,
    reason: Annotated[str | None, typer.Option(help="Only with this reason.")] = None,
    since: Annotated[
        str | None,
        typer.Option(help="Only since then, by the broker's time: 30m, 2h, 7d, 2026-01-31T08:00Z."),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000_000, help="At most so many.")] = 50,
    by: Annotated[By | None, typer.Option(help="Count them instead.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
) -> None:
    """List rejected records, newest first: where they stand in the log, the reason, the detail.

    No value of a record is printed. `--by reason` counts them by reason and topic.
    """
    from dataclasses import asdict, fields

    from streams.cli.console import print_csv, print_json, print_table
    from streams.rejecting import (
        ReasonCount,
        RejectedRow,
        reason_counts,
        rejected_rows,
    )

    if as_json and as_csv:
        raise typer.BadParameter("Choose one of --json and --csv.")
    wanted = filter_of(topic, reason, since)
    with asking() as clickhouse:
        found = (
            reason_counts(clickhouse, wanted)
            if by
            # one more than is shown, to know whether there are more
            else rejected_rows(clickhouse, wanted, limit + 1)
        )
    more = not by and len(found) > limit
    rows = [{name: shown(value) for name, value in asdict(row).items()} for row in found]
    rows = rows[:limit] if not by else rows
    columns = [field.name for field in fields(ReasonCount if by else RejectedRow)]
    cells = [list(row.values()) for row in rows]
    if as_json:
        print_json(rows)
    elif as_csv:
        print_csv(columns, cells)
    elif not rows:
        typer.echo("No rejected records.")
    else:
        numbers = frozenset({"partition", "offset", "schema_id", "bytes", "records", "replays"})
        print_table("Rejected records", columns, cells, right=numbers)
    if more:
        typer.echo(f"Only the newest {limit} are shown; --limit takes more.", err=True)


@rejects.command("show")
def show_reject(
    record: Annotated[
        str, typer.Argument(metavar="TOPIC/PARTITION/OFFSET", help="Where it stands in the log.")
    ],
    with_bytes: Annotated[
        bool,
        typer.Option(
            "--bytes", help="Also its key, value and headers. They may hold personal data."
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON; bytes as hex.")] = False,
) -> None:
    """Show one rejected record: the reason, and what its sender should do about it."""
    from streams.cli.console import print_json
    from streams.cli.hexdump import dumped
    from streams.rejecting import rejected_record

    where = coordinates(record)
    with asking() as clickhouse:
        found = rejected_record(clickhouse, where, with_bytes=with_bytes)
    if found is None:
        raise typer.BadParameter(
            f"No rejected record stands at {where}. `earshot rejects` lists them.",
            param_hint=PLACE,
        )
    if as_json:
        print_json([{**_facts(found), **_hex(found)}])
        return
    facts = _facts(found)
    wide = max(len(name) for name in facts)
    for name, value in facts.items():
        text = ", ".join(value) if isinstance(value, list) else value
        typer.echo(f"{name.replace('_', ' '):<{wide}}  {'none' if text in (None, '') else text}")
    if found.erased:
        typer.echo("\nIts bytes are erased.")
        return
    if found.content is None:
        typer.echo("\n--bytes shows its key, value and headers. They may hold personal data.")
        return
    typer.echo("\nThe bytes below may hold personal data.")
    for part in dumped(found.content):
        typer.echo(part)


rejects.command("explain")(explain_reject)
rejects.command("replay")(replay_rejects)
rejects.command("drop")(drop_rejects)


def _facts(found: RejectedRecord) -> dict[str, Any]:
    from streams.fold.rejection import REASONS

    row = found.row
    cures: dict[str, str] = {str(reason): cure for reason, cure in REASONS.items()}
    return {
        "topic": row.topic,
        "partition": row.partition,
        "offset": row.offset,
        "epoch": found.epoch,
        "time": shown(row.time),
        "reason": row.reason,
        "detail": row.detail,
        "cure": cures.get(row.reason, "This version does not know the reason: upgrade Earshot."),
        "schema_id": row.schema_id,
        "key_bytes": found.key_bytes,
        "value_bytes": row.bytes,
        "header_names": list(found.header_names),
        "replays": found.replays,
        "newest_attempt": str(found.newest),
        "outcome": found.outcome and found.outcome.outcome,
    }


def _hex(found: RejectedRecord) -> dict[str, Any]:
    content = found.content
    if content is None:
        return {}
    return {
        "key": None if content.key is None else content.key.hex(),
        "value": None if content.value is None else content.value.hex(),
        "headers": [[name.hex(), value.hex()] for name, value in content.headers],
    }
