"""The clocks of further replies: when each began to run, and what ended it."""

from __future__ import annotations

from streams.verifying.timeline import Step, Timeline

__all__ = ["next_reply_clocks"]


def next_reply_clocks(one: Timeline) -> list[tuple[Step, Step | None]]:
    """Return what started each clock, and the reply or solution that ended it (None: it runs)."""
    clocks: list[tuple[Step, Step | None]] = []
    running: Step | None = None
    replied = False
    for step in one.steps:
        ends = step.human_reply or step.solve
        if running is not None and ends:
            clocks.append((running, step))
            running = None
        asks = step.reopen or (step.type == "CUSTOMER_MESSAGE" and step.was_open)
        if replied and asks and running is None:
            running = step
        replied = replied or step.human_reply
    if running is not None:
        clocks.append((running, None))
    return clocks
