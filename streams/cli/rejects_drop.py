"""`earshot rejects drop`: take rejected records off the list, and erase their bytes."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated

import typer

from streams.cli.rejects_asking import (
    Everything,
    OfTopic,
    Places,
    Since,
    WithReason,
    asking,
    choose,
    filter_of,
    require_consent,
    told,
)

if TYPE_CHECKING:
    from streams.cli.rejects_asking import Chosen

__all__ = ["drop_rejects"]

_LONGEST_WHY = 500


def drop_rejects(
    records: Places = None,
    why: Annotated[
        str, typer.Option(metavar="TEXT", help="Why, for the audit. Name no person.")
    ] = "",
    topic: OfTopic = None,
    reason: WithReason = None,
    since: Since = None,
    everything: Everything = False,
    limit: Annotated[
        int, typer.Option(min=1, max=1_000_000, help="At most so many, the oldest first.")
    ] = 10_000,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Drop nothing; say how many there are.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask first.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Drop rejected records: they leave the list, and key, value and headers are erased from ClickHouse.

    It cannot be undone. Where each stood, its reason, when it was dropped and why stay in the tables
    rejects and reject_outcomes. Kafka keeps its own copies until their retention is over.
    """
    from datetime import UTC, datetime

    from streams.cli.rejects_progress import bar
    from streams.rejecting import drop

    wanted = filter_of(topic, reason, since)
    why = why.strip()
    if not dry_run and not why:
        raise typer.BadParameter("Say why, for the audit.", param_hint="--why")
    if len(why) > _LONGEST_WHY:
        raise typer.BadParameter(f"At most {_LONGEST_WHY} characters.", param_hint="--why")
    with asking() as clickhouse:
        chosen = choose(clickhouse, records or [], wanted, everything=everything, limit=limit)
        if chosen.choices and not dry_run:
            count = len(chosen.choices)
            require_consent(
                f"Drop {count} rejected records and erase their bytes? It cannot be undone.",
                yes=yes,
            )
            with bar("Dropping", count) as progress:
                drop(clickhouse, chosen.choices, why, datetime.now(UTC), progress)
    _report(chosen, limit, dry_run=dry_run, as_json=as_json)


def _report(chosen: Chosen, limit: int, *, dry_run: bool, as_json: bool) -> None:
    import json

    reasons = Counter(choice.reason for choice in chosen.choices)
    if as_json:
        print(
            json.dumps(
                {
                    "would_drop" if dry_run else "dropped": reasons.total(),
                    "reasons": dict(reasons.most_common()),
                    "left_out": [
                        {"record": str(one.where), "why": one.why} for one in chosen.left_out
                    ],
                },
                indent=2,
            )
        )
        return
    listed = ", ".join(f"{count} {reason}" for reason, count in reasons.most_common()) or "none"
    head = "Dry run       Would be dropped: " if dry_run else "Dropped       "
    typer.echo(f"{head}{reasons.total()} ({listed}).")
    for line in told(chosen.left_out):
        typer.echo(line)
    if chosen.more:
        typer.echo(f"Only the oldest {limit} were taken; --limit takes more.", err=True)
