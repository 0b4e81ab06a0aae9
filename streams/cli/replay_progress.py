"""How far a replay is: a bar with rate and time left on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

__all__ = ["telling"]

_PLAIN_S = 5.0


@contextmanager
def telling() -> Iterator[Callable[[str, int, int], None]]:
    """Yield what is told what is done, how many offsets of it are left, and of how many."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _Lines(console)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.completed:,.0f} of {task.total:,.0f} offsets"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True, redirect_stdout=False) as bar:
        task = bar.add_task("", total=1)

        def tell(what: str, left: int, whole: int) -> None:
            bar.update(task, description=what, total=max(whole, 1), completed=whole - left)

        yield tell


class _Lines:
    """One line every few seconds, with the rate and the time that is left."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._what = ""
        self._from = 0
        self._began = self._said = time.monotonic()

    def __call__(self, what: str, left: int, whole: int) -> None:
        now = time.monotonic()
        if what != self._what:
            # What was done before the first word of it is in neither the rate nor the time.
            self._what, self._began, self._from = what, now, whole - left
        if now - self._said < _PLAIN_S:
            return
        self._said = now
        done = whole - left
        rate = (done - self._from) / max(now - self._began, 0.001)
        rest = left / rate if rate else 0
        self._console.print(
            f"{what}: {done:,} of {whole:,} offsets, {rate:,.0f}/s, {rest:,.0f} s left",
            highlight=False,
        )
