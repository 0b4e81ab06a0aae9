"""`earshot rejects`: the records that could not be counted, why, and what to do about each."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

if TYPE_CHECKING:
    from sinks.clickhouse import ClickHouse
    from streams.rejecting import RejectedRecord, RejectFilter

__all__ = ["hex_dump", "rejects"]

_LINE = 16
_PRINTABLE = range(32, 127)


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
    wanted = _filter(topic, reason, since)
    with _clickhouse() as clickhouse:
        found = (
            reason_counts(clickhouse, wanted)
            if by
            # one more than is shown, to know whether there are more
            else rejected_rows(clickhouse, wanted, limit + 1)
        )
    more = not by and len(found) > limit
    rows = [{name: _shown(value) for name, value in asdict(row).items()} for row in found]
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
        numbers = frozenset({"partition", "offset", "schema_id", "bytes", "records"})
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
    from streams.rejecting import coordinates_of, rejected_record

    try:
        where = coordinates_of(record)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="TOPIC/PARTITION/OFFSET") from None
    with _clickhouse() as clickhouse:
        found = rejected_record(clickhouse, where, with_bytes=with_bytes)
    if found is None:
        raise typer.BadParameter(
            f"No rejected record stands at {where}. `earshot rejects` lists them.",
            param_hint="TOPIC/PARTITION/OFFSET",
        )
    if as_json:
        print_json([{**_facts(found), **_hex(found)}])
        return
    facts = _facts(found)
    wide = max(len(name) for name in facts)
    for name, value in facts.items():
        text = ", ".join(value) if isinstance(value, list) else value
        typer.echo(f"{name.replace('_', ' '):<{wide}}  {'none' if text in (None, '') else text}")
    if found.content is None:
        typer.echo("\n--bytes shows its key, value and headers. They may hold personal data.")
        return
    typer.echo("\nThe bytes below may hold personal data.")
    parts = [("key", found.content.key), ("value", found.content.value)]
    parts += [
        (f"header {name.decode(errors='replace')}", value) for name, value in found.content.headers
    ]
    for name, content in parts:
        typer.echo(f"\n{name}\n" + ("  null" if content is None else hex_dump(content)))


def hex_dump(content: bytes) -> str:
    r"""Write bytes sixteen a line: offset, hex, and what is printable ASCII.

    >>> print(hex_dump(b"\x00\x00\x00\x00\x01Earshot hears"))
      00000000  00 00 00 00 01 45 61 72  73 68 6f 74 20 68 65 61  |.....Earshot hea|
      00000010  72 73                                             |rs|
    """
    lines = []
    for start in range(0, len(content), _LINE):
        row = content[start : start + _LINE]
        halves = "  ".join(row[i : i + 8].hex(" ") for i in (0, 8))
        text = "".join(chr(byte) if byte in _PRINTABLE else "." for byte in row)
        lines.append(f"  {start:08x}  {halves:<48}  |{text}|")
    return "\n".join(lines) or "  no bytes"


def _facts(found: RejectedRecord) -> dict[str, Any]:
    from streams.fold.rejection import REASONS

    row = found.row
    cures: dict[str, str] = {str(reason): cure for reason, cure in REASONS.items()}
    return {
        "topic": row.topic,
        "partition": row.partition,
        "offset": row.offset,
        "epoch": found.epoch,
        "time": _shown(row.time),
        "reason": row.reason,
        "detail": row.detail,
        "cure": cures.get(row.reason, "This version does not know the reason: upgrade Earshot."),
        "schema_id": row.schema_id,
        "key_bytes": found.key_bytes,
        "value_bytes": row.bytes,
        "header_names": list(found.header_names),
        "replays": found.replays,
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


def _filter(topic: str | None, reason: str | None, since: str | None) -> RejectFilter:
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


@contextmanager
def _clickhouse() -> Iterator[ClickHouse]:
    from sinks.clickhouse import ClickHouse
    from streams.settings import load_settings
    from streams.wiring import address_of

    # The driver logs what we tell in a sentence, with a stack trace.
    logging.getLogger("clickhouse_driver").setLevel(logging.CRITICAL)
    clickhouse = ClickHouse(address_of(load_settings()))
    try:
        yield clickhouse
    finally:
        clickhouse.close()


def _shown(value: Any) -> Any:
    from datetime import datetime

    return value.isoformat(timespec="milliseconds") if isinstance(value, datetime) else value
