"""The loop of an import: rows in, events out, a checkpoint every two seconds."""

from __future__ import annotations

import time
from collections.abc import Callable

from streams.importing.plan import Outgoing, Plan
from streams.importing.reasons import Refused
from streams.importing.rows import Row
from streams.importing.tally import Tally

__all__ = ["run"]

_CHECKPOINT_S = 2.0
_REPORT_S = 0.2
_LOOK_AT_CLOCK = 128


def run(
    plan: Plan,
    tally: Tally,
    *,
    send: Callable[[Outgoing], None],
    refuse: Callable[[Row, Refused], None],
    checkpoint: Callable[[Tally], None],
    report: Callable[[Tally, float], None],
    stopping: Callable[[], bool],
    now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    clock: Callable[[], float] = time.monotonic,
) -> bool:
    """Import the rows after `tally.rows` and count them there.

    Args:
        plan: What to do with a row.
        tally: The counts so far; `tally.rows` rows are skipped.
        send: Takes an event; may block, may raise.
        refuse: Takes a row that is not sent, and why.
        checkpoint: Makes everything sent so far durable, then remembers `tally`. Called about every
            two seconds and at the end, also when stopped.
        report: Takes the tally and the share of the file that was read, 0 to 1.
        stopping: Whether to stop after the current row.
        now_ms: The time the events are sent at.
        clock: Seconds, for the intervals.

    Returns:
        Whether the file was read to its end.
    """
    reported = saved = clock()
    finished = True
    for row in plan.rows.read(skip=tally.rows):
        taken = _take(row, plan, tally, now_ms())
        if isinstance(taken, Refused):
            refuse(row, taken)
        else:
            for event in taken:
                send(event)
                tally.count_event(event.topic, event.record["event_id"])
        tally.rows = row.number
        if stopping():
            finished = False
            break
        if row.number % _LOOK_AT_CLOCK:
            continue
        moment = clock()
        if moment - reported >= _REPORT_S:
            report(tally, plan.rows.progress())
            reported = moment
        if moment - saved >= _CHECKPOINT_S:
            checkpoint(tally)
            # From the end of the checkpoint: a slow broker must not turn every row into one.
            saved = clock()
    checkpoint(tally)
    report(tally, plan.rows.progress())
    return finished


def _take(row: Row, plan: Plan, tally: Tally, now_ms: int) -> list[Outgoing] | Refused:
    """Return what the row becomes, and count the row."""
    try:
        if row.broken is not None:
            raise row.broken
        events = plan.events(row.cells, now_ms)
    except Refused as refusal:
        tally.refused[refusal.reason] += 1
        return refusal
    if events:
        tally.sent_rows += 1
    else:
        tally.skipped += 1
    return events
