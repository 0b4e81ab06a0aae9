"""`earshot rejects replay`: send rejected records again."""

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
    judge_of,
    require_consent,
    told,
)

if TYPE_CHECKING:
    from sinks.clickhouse import ClickHouse
    from streams.cli.rejects_asking import Chosen
    from streams.rejecting import Choice, Fates, LeftOut, ReplayOf
    from streams.settings import Settings

__all__ = ["REFUSED", "replay_rejects"]

REFUSED = 5
"""The exit code when a record was rejected again."""


def replay_rejects(
    records: Places = None,
    topic: OfTopic = None,
    reason: WithReason = None,
    since: Since = None,
    everything: Everything = False,
    limit: Annotated[
        int, typer.Option(min=1, max=1_000_000, help="At most so many, the oldest first.")
    ] = 1_000,
    again: Annotated[
        bool, typer.Option("--again", help="Those as well that were replayed three times.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Send nothing; say what would happen.")
    ] = False,
    wait_s: Annotated[
        float,
        typer.Option("--wait", min=0, help="Seconds to wait for the workers. 0 does not wait."),
    ] = 60.0,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask first.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Send rejected records again, byte for byte, to the topic and partition they came from.

    They go the way of any record: correct what they were rejected for first, a measure, a schema or a
    limit. Those that are counted leave the list. Ends with 5 if one was rejected again.
    """
    from streams.rejecting import worth_sending
    from streams.settings import load_settings

    settings = load_settings()
    wanted = filter_of(topic, reason, since)
    with asking(settings) as clickhouse:
        chosen = choose(clickhouse, records or [], wanted, everything=everything, limit=limit)
        worth, too_often = worth_sending(chosen.choices, again=again)
        left_out = [*chosen.left_out, *too_often]
        if dry_run:
            _rehearse(clickhouse, settings, worth, left_out, chosen, limit, as_json=as_json)
            return
        sent: list[ReplayOf] = []
        fates = None
        if worth:
            require_consent(f"Send {_records(len(worth))} again?", yes=yes)
            sent, unsent = _send(clickhouse, settings, worth)
            left_out += unsent
            fates = _wait(clickhouse, sent, wait_s)
    _report(sent, fates, left_out, chosen, limit, as_json=as_json)
    _end(fates, wait_s)


def _rehearse(
    clickhouse: ClickHouse,
    settings: Settings,
    worth: list[Choice],
    left_out: list[LeftOut],
    chosen: Chosen,
    limit: int,
    *,
    as_json: bool,
) -> None:
    """Say what would be sent, and what would become of it."""
    import json

    from streams.cli.console import print_table
    from streams.cli.rejects_progress import bar
    from streams.rejecting import rehearsed
    from streams.wiring import registry_of

    judge = judge_of(settings, registry_of(settings))
    with bar("Judging", len(worth)) as progress:
        found, unsent = rehearsed(clickhouse, judge, worth, progress)
    left_out = [*left_out, *unsent]
    by_reason: dict[str, tuple[int, int]] = {}
    for reason, again in found:
        records, good = by_reason.get(reason, (0, 0))
        by_reason[reason] = records + 1, good + (again is None)
    rows = sorted(((reason, *counts) for reason, counts in by_reason.items()), key=lambda r: -r[1])
    good = sum(row[2] for row in rows)
    if as_json:
        reasons = [
            {"reason": reason, "records": records, "not_rejected_now": passing}
            for reason, records, passing in rows
        ]
        print(
            json.dumps(
                {
                    "would_send": len(found),
                    "not_rejected_now": good,
                    "reasons": reasons,
                    "left_out": [{"record": str(one.where), "why": one.why} for one in left_out],
                },
                indent=2,
            )
        )
        return
    if rows:
        print_table(
            "",
            ["reason", "records", "not rejected now"],
            rows,
            right=frozenset({"records", "not rejected now"}),
        )
    typer.echo(
        f"Dry run       {_records(len(found))} would be sent; {good} would not be rejected now. "
        "Nothing was sent."
    )
    _footnotes(left_out, chosen, limit)


def _send(
    clickhouse: ClickHouse, settings: Settings, worth: list[Choice]
) -> tuple[list[ReplayOf], list[LeftOut]]:
    from streams.cli.rejects_progress import bar
    from streams.producing import Publisher
    from streams.rejecting import replay
    from streams.wiring import registry_of

    with (
        Publisher(
            settings.kafka.brokers, registry_of(settings), client_id="earshot-replay"
        ) as publisher,
        bar("Sending", len(worth)) as progress,
    ):
        return replay(clickhouse, publisher, worth, progress)


def _wait(clickhouse: ClickHouse, sent: list[ReplayOf], wait_s: float) -> Fates:
    from streams.cli.rejects_progress import bar
    from streams.rejecting import wait_for_fates

    with bar("Waiting for the workers", len(sent)) as progress:
        return wait_for_fates(clickhouse, sent, limit_s=wait_s, progress=progress)


def _report(
    sent: list[ReplayOf],
    fates: Fates | None,
    left_out: list[LeftOut],
    chosen: Chosen,
    limit: int,
    *,
    as_json: bool,
) -> None:
    import json

    counted = fates.counted if fates else Counter[str]()
    rejected = fates.rejected if fates else Counter[str]()
    names = ("accepted", "corrected", "duplicate")
    if as_json:
        print(
            json.dumps(
                {
                    "sent": len(sent),
                    **{name: counted[name] for name in names},
                    "rejected": dict(rejected.most_common()),
                    "no_fate_yet": fates.open if fates else 0,
                    "left_out": [{"record": str(one.where), "why": one.why} for one in left_out],
                },
                indent=2,
            )
        )
        return
    typer.echo(f"Sent          {_records(len(sent))}.")
    if fates is not None:
        typer.echo("Counted       " + ", ".join(f"{counted[name]} {name}" for name in names) + ".")
        reasons = ", ".join(f"{n} {reason}" for reason, n in rejected.most_common())
        again = f"{rejected.total()} ({reasons})" if reasons else "none"
        typer.echo(f"Rejected      {again}.")
    _footnotes(left_out, chosen, limit)


def _footnotes(left_out: list[LeftOut], chosen: Chosen, limit: int) -> None:
    for line in told(left_out):
        typer.echo(line)
    if chosen.more:
        typer.echo(f"Only the oldest {limit} were taken; --limit takes more.", err=True)


def _end(fates: Fates | None, wait_s: float) -> None:
    """End with an error where a record has no fate, or was rejected again."""
    from schemas.errors import StreamError

    if fates is None:
        return
    if fates.open and wait_s:
        raise StreamError(
            f"After {wait_s:g} s {_records(fates.open)} of those sent have no fate yet.",
            cure="Is a worker running, and does it keep up? (`earshot doctor` says more.) Kafka keeps "
            "them, and workers get there: do not send them again.",
        )
    if fates.open:
        typer.echo(f"Not waited    {_records(fates.open)} have no fate yet.", err=True)
    if fates.rejected:
        raise typer.Exit(REFUSED)


def _records(count: int) -> str:
    return "1 record" if count == 1 else f"{count} records"
