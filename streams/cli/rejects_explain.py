"""`earshot rejects explain`: one rejected record, in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from streams.cli.rejects_asking import PLACE, asking, coordinates, judge_of, shown

if TYPE_CHECKING:
    from streams.rejecting import Explanation, FieldSeen, RejectedRecord

__all__ = ["explain_reject"]


def explain_reject(
    record: Annotated[str, typer.Argument(metavar=PLACE, help="Where it stands in the log.")],
    personal: Annotated[
        bool,
        typer.Option(
            "--personal",
            "--bytes",
            help="Also what its fields, key and headers hold, which may be personal data.",
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Explain one rejected record: why, what that means, and whether it would be counted now.

    It is read again with the schemas and measures of today. Fields are named with their types; what they
    hold is printed with --personal only.
    """
    import json

    from streams.rejecting import explained, rejected_record
    from streams.settings import load_settings
    from streams.wiring import registry_of

    settings = load_settings()
    where = coordinates(record)
    with asking(settings) as clickhouse:
        found = rejected_record(clickhouse, where, with_bytes=True)
    if found is None:
        raise typer.BadParameter(
            f"No rejected record stands at {where}. `earshot rejects` lists them.", param_hint=PLACE
        )
    registry = registry_of(settings)
    told = explained(found, judge_of(settings, registry), registry)
    if as_json:
        typer.echo(json.dumps(_facts(found, told, personal=personal), indent=2, default=str))
        return
    for heading, text in _sentences(found, told):
        typer.echo(f"{heading:<13} {text}")
    _print_fields(told.fields, personal=personal)
    if found.content is None:
        return
    if not personal:
        typer.echo("\n--personal shows what it holds, which may be personal data.")
        return
    from streams.cli.hexdump import dumped

    typer.echo("\nThe bytes below may hold personal data.")
    for part in dumped(found.content):
        typer.echo(part)


def _sentences(found: RejectedRecord, told: Explanation) -> list[tuple[str, str]]:
    row = found.row
    return [
        ("Record", f"{_where(found)}, of {shown(row.time)} by the broker"),
        ("Rejected", f"{row.reason}: {row.detail}."),
        ("This means", told.meaning),
        ("Cure", told.cure),
        ("Replayed", _replayed(found)),
        ("Now", _now(found, told)),
    ]


def _where(found: RejectedRecord) -> str:
    row = found.row
    return f"{row.topic}/{row.partition}/{row.offset}"


def _replayed(found: RejectedRecord) -> str:
    if not found.replays:
        return "Never."
    times = "once" if found.replays == 1 else f"{found.replays} times"
    rejected = f"Rejected again {times}; first at {found.first} (with the epoch)"
    if str(found.newest) != _where(found):
        rejected += f", last at {found.newest}"
    return f"{rejected}."


def _now(found: RejectedRecord, told: Explanation) -> str:
    outcome = found.outcome
    if outcome is not None and outcome.outcome == "replayed":
        return (
            f"It was replayed at {shown(outcome.at)} and {outcome.fate}: it stands at "
            f"{found.row.topic}/{outcome.by_partition}/{outcome.by_offset}."
        )
    if outcome is not None:
        return f"It was dropped at {shown(outcome.at)}: {outcome.why}"
    if not told.judged:
        return "Its bytes are erased, so nobody can tell."
    if told.now is not None:
        return f"It would be rejected again. {told.now.reason}: {told.now.detail}."
    return f"It would not be rejected. Send it again: earshot rejects replay {_where(found)}"


def _print_fields(fields: list[FieldSeen], *, personal: bool) -> None:
    from streams.cli.console import print_table

    if not fields:
        return
    typer.echo("")
    columns = ["field", "type", ""] + (["value"] if personal else [])
    rows = []
    for one in fields:
        mark = "wrong" if one.wrong else "" if one.read else "not read"
        value = [_text(one)] if personal else []
        rows.append([one.name, one.type, mark, *value])
    print_table("What it holds", columns, rows)


def _text(one: FieldSeen) -> str:
    import json

    if not one.read:
        return ""
    return json.dumps(one.value, ensure_ascii=False, default=str)


def _facts(found: RejectedRecord, told: Explanation, *, personal: bool) -> dict[str, Any]:
    row, outcome = found.row, found.outcome
    return {
        "topic": row.topic,
        "epoch": found.epoch,
        "partition": row.partition,
        "offset": row.offset,
        "time": shown(row.time),
        "reason": row.reason,
        "detail": row.detail,
        "meaning": told.meaning,
        "cure": told.cure,
        "replays": found.replays,
        "first_rejected": found.first,
        "newest_attempt": str(found.newest),
        "outcome": None
        if outcome is None
        else {
            "outcome": outcome.outcome,
            "fate": outcome.fate or None,
            "at": shown(outcome.at),
            "why": outcome.why or None,
        },
        "bytes_erased": found.erased,
        "now": None
        if not told.judged
        else "not rejected"
        if told.now is None
        else {"reason": told.now.reason, "detail": told.now.detail},
        "fields": [
            {"name": one.name, "type": one.type, "wrong": one.wrong, "read": one.read}
            | ({"value": one.value} if personal else {})
            for one in told.fields
        ],
    }
