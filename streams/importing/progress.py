"""How far an import is: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Literal, Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

from streams.importing.tally import Tally

__all__ = ["ProgressKind", "Reporter", "duration", "reporter"]

ProgressKind = Literal["auto", "none", "plain", "bar"]

_PLAIN_S = 5.0


class Reporter(Protocol):
    """Shows progress while an import runs."""

    def __call__(self, tally: Tally, share: float) -> None:
        """Show the rows done and the share of the file, 0 to 1."""
        ...

    def close(self) -> None:
        """Stop showing."""
        ...


def reporter(kind: ProgressKind, console: Console, *, done: int = 0) -> Reporter:
    """Return the reporter of a kind; `auto` is a bar on a terminal and lines elsewhere.

    Args:
        kind: What to show.
        console: Where; standard error, so that results can be piped.
        done: Rows an earlier run did, which say nothing about this one's rate.
    """
    if kind == "auto":
        kind = "bar" if console.is_terminal else "plain"
    pace = _Pace(done)
    if kind == "bar":
        return _Bar(console, pace)
    return _Plain(console, pace, every_s=_PLAIN_S if kind == "plain" else float("inf"))


def duration(seconds: float) -> str:
    """Return seconds as h:mm:ss, m:ss, or with a decimal below ten.

    >>> duration(3725), duration(61), duration(0.42)
    ('1:02:05', '1:01', '0.4 s')
    """
    if seconds < 9.95:  # noqa: PLR2004 - what rounds to 10.0
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


class _Pace:
    """Rate and time left, from the rows and the share done since the start."""

    def __init__(self, done: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._start = clock()
        self._rows = done
        self._share: float | None = None

    def text(self, rows: int, share: float) -> str:
        took = self._clock() - self._start
        if self._share is None:
            # What was skipped of an earlier run took no time worth extrapolating.
            self._share = share if self._rows else 0.0
        said = f"{rows:,} rows"
        if took > 0 and rows > self._rows:
            said += f", {(rows - self._rows) / took:,.0f} rows/s"
        if share > self._share:
            said += f", {duration(took * (1 - share) / (share - self._share))} left"
        return said


class _Bar:
    def __init__(self, console: Console, pace: _Pace) -> None:
        self._pace = pace
        self._bar = Progress(
            BarColumn(), TaskProgressColumn(), TextColumn("{task.description}"),
            console=console, transient=True, redirect_stdout=False,
        )  # fmt: skip
        self._task = self._bar.add_task("", total=1.0)
        self._bar.start()

    def __call__(self, tally: Tally, share: float) -> None:
        text = self._pace.text(tally.rows, share)
        self._bar.update(self._task, completed=share, description=text)

    def close(self) -> None:
        self._bar.stop()


class _Plain:
    def __init__(self, console: Console, pace: _Pace, *, every_s: float) -> None:
        self._console = console
        self._pace = pace
        self._every_s = every_s
        self._said = time.monotonic()

    def __call__(self, tally: Tally, share: float) -> None:
        if time.monotonic() - self._said >= self._every_s:
            self._said = time.monotonic()
            text = f"{share:.0%}, {self._pace.text(tally.rows, share)}"
            self._console.print(text, highlight=False)

    def close(self) -> None:
        pass
