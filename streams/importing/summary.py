"""What an import says at its end, as lines for people."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from streams.importing.contract import Field
from streams.importing.plan import Outgoing
from streams.importing.progress import duration
from streams.importing.reasons import cure_of
from streams.importing.tally import Tally

__all__ = ["counts", "event_text", "finished_before"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def counts(
    tally: Tally, *, took_s: float, rows_before: int = 0, sent: bool = True
) -> Iterator[str]:
    """Yield the counts of an import, one line each.

    Args:
        tally: The counts, over all runs.
        took_s: Seconds of this run.
        rows_before: Rows an earlier run did.
        sent: Whether events were sent, or only made.
    """
    rows = tally.rows - rows_before
    rate = f", {rows / took_s:,.0f} rows/s" if took_s > 0 and rows else ""
    yield f"Rows read     {tally.rows:,} ({rows:,} in {duration(took_s)}{rate})"
    if rows_before:
        yield f"Continued     after row {rows_before:,}"
    for topic, count in sorted(tally.sent.items()):
        yield f"{'Sent' if sent else 'Would send'}{'':{10 if sent else 4}}{count:,} to {topic}"
    if not tally.sent:
        yield "Sent          nothing" if sent else "Would send    nothing"
    if tally.skipped:
        yield f"Skipped       {tally.skipped:,} rows for which no `when` held"
    if tally.repeated:
        yield (
            f"Repeated      {tally.repeated:,} events have the id of an earlier one and count once; "
            "if they are different things, map more columns into their ids"
        )
    yield f"Refused       {tally.refused_rows:,} rows"
    for reason, count in tally.refused.most_common():
        yield f"  {count:>9,}  {reason}: {cure_of(reason)}"


def finished_before(tally: Tally, bad: Path) -> str:
    """Return what to say of an import that was finished by an earlier run."""
    done = f"all {tally.rows:,} rows were imported before."
    if tally.refused_rows or tally.skipped:
        skipped = f"{tally.skipped:,} skipped, " if tally.skipped else ""
        see = f": see {bad}" if tally.refused_rows else ""
        done = (
            f"the import of these {tally.rows:,} rows was finished before; {tally.sent_rows:,} were "
            f"sent, {skipped}{tally.refused_rows:,} refused{see}."
        )
    return f"Nothing to do: {done} --restart sends them again, as duplicates that change no number."


def event_text(event: Outgoing, fields: Mapping[str, Field]) -> str:
    """Return an event as one line of JSON, times as ISO 8601 in UTC, without what is at its default."""
    shown: dict[str, Any] = {}
    for name, field in fields.items():
        value = event.record[name]
        if field.required or value != field.default:
            is_time = field.kind == "time" and value is not None
            shown[name] = _iso(value) if is_time else value
    return json.dumps({"topic": event.topic, "key": event.key, "event": shown}, ensure_ascii=False)


def _iso(milliseconds: int) -> str:
    moment = _EPOCH + timedelta(milliseconds=milliseconds)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
