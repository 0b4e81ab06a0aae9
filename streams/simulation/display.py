"""How a simulation shows that it runs: a live line on a terminal, a line now and then elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from types import TracebackType

from rich.console import Console
from rich.live import Live
from rich.text import Text

from schemas.catalog import INPUTS
from streams.simulation.events import SimulatedEvent
from streams.simulation.truth import Truth

__all__ = ["Display", "summary"]

_PLAIN_S = 10.0


class Display:
    """Show the pace and the counts of what is sent while the `with` block runs."""

    def __init__(self, console: Console, clock: Callable[[], float]) -> None:
        self._console = console
        self._clock = clock
        self._at_ms = 0
        # its own counts, with every key from the start: the terminal is refreshed by a thread
        self._counts = {topic.name: 0 for topic in INPUTS}
        self._since = (clock(), 0)
        # a renderable that is asked anew at every refresh
        self._live = Live(
            get_renderable=self._text, console=console, transient=True, refresh_per_second=2
        )

    def __enter__(self) -> Display:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._console.is_terminal:
            self._live.stop()

    def sent(self, event: SimulatedEvent) -> None:
        """Take note of an event that was sent."""
        self._at_ms = event.at_ms
        self._counts[event.topic] += 1
        if not self._console.is_terminal and self._clock() - self._since[0] >= _PLAIN_S:
            self._console.print(self._text(), soft_wrap=True)

    def _text(self) -> Text:
        """Return one line: stream time, events per second since the line before, counts."""
        (since_s, since), now_s, total = self._since, self._clock(), sum(self._counts.values())
        rate = (total - since) / (now_s - since_s) if now_s > since_s else 0.0
        if now_s - since_s >= 1:
            self._since = (now_s, total)
        when = datetime.fromtimestamp(self._at_ms / 1000, UTC)
        counts = "  ".join(
            f"{name.removeprefix('feedback.')} {n:,}" for name, n in self._counts.items()
        )
        moment = f"{when:%Y-%m-%d %H:%M:%S}" if self._at_ms else "starting"
        return Text(f"{moment}  {rate:,.0f}/s  {counts}")


def summary(truth: Truth) -> list[str]:
    """Return what was sent and what must become of it, as lines.

    >>> summary(Truth())[0]
    'Sent 0 events.'
    """
    lines = [f"Sent {truth.total:,} events."]
    counts = truth.as_dict()
    for topic, fates in counts["fates"].items():
        lines.append(f"  {topic:<24} {truth.topic(topic):>9,}   {_listed(fates)}")
    if truth.rejected:
        reasons: dict[str, int] = {}
        for (_, reason), n in truth.rejected.items():
            reasons[reason] = reasons.get(reason, 0) + n
        lines.append(f"  rejected for             {_listed(dict(sorted(reasons.items())))}")
    return lines


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {n:,}" for name, n in counts.items())
