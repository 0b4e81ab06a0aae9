"""How far an audit is: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

__all__ = ["showing"]

_PLAIN_S = 5.0


@contextmanager
def showing(console: Console, total: int) -> Iterator[Callable[[int], None]]:
    """Show progress while the context lasts; gives what is called with every further rows done."""
    if not console.is_terminal:
        yield _Lines(console, total)
        return
    columns = (
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.completed:,.0f} rows"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True, redirect_stdout=False) as bar:
        task = bar.add_task("", total=max(total, 1))
        yield lambda rows: bar.advance(task, rows)


class _Lines:
    def __init__(self, console: Console, total: int) -> None:
        self._console = console
        self._total = max(total, 1)
        self._done = 0
        self._said = self._started = time.monotonic()

    def __call__(self, rows: int) -> None:
        self._done += rows
        now = time.monotonic()
        if now - self._said >= _PLAIN_S:
            self._said = now
            rate = self._done / (now - self._started)
            # Rows that came since they were counted must not make more than all of them.
            share = min(self._done / self._total, 1)
            self._console.print(
                f"{share:.0%}, {self._done:,} rows, {rate:,.0f} rows/s", highlight=False
            )
