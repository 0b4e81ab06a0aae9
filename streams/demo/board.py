"""What moves on screen: satisfaction by touchpoint, with its interval and its last hour."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from rich.console import Group
from rich.table import Table
from rich.text import Text

from schemas.measures import Measure, Score
from sinks.clickhouse import ClickHouse
from sinks.tables import shown
from streams.scores import ScoreValue, Thresholds, evaluate

__all__ = ["MEASURE", "Board", "Histogram", "Progress", "minutes_of", "spark"]

MEASURE = "csat.1-5"

_BARS = "▁▂▃▄▅▆▇█"
_SPARK_MINUTES = 5
_WINDOW_MINUTES = 15
_MINUTE_MS = 60_000

Histogram = Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the stream is: stream time, and records sent and counted so far."""

    at_ms: int
    sent: int
    counted: int


@dataclass(frozen=True, slots=True)
class Board:
    """Draws the minutes of one measure. `start_ms` is when the stream began."""

    measure: Measure
    score: Score
    thresholds: Thresholds
    start_ms: int
    length_ms: int

    def window(self, minutes: Mapping[int, Histogram], since_ms: int, until_ms: int) -> ScoreValue:
        """Return the score of the minutes from `since_ms` (inclusive) to `until_ms`."""
        total: Counter[int] = Counter()
        for minute, counts in minutes.items():
            if since_ms <= minute < until_ms:
                total.update(counts)
        return evaluate(
            self.score,
            total,
            self.measure.scale,
            self.thresholds,
            duration=self.measure.is_duration,
        )

    def draw(self, touchpoints: Mapping[str, Mapping[int, Histogram]], progress: Progress) -> Group:
        """Return the board for a terminal."""
        table = Table(
            title=f"Satisfied customers (CSAT top box), last {_WINDOW_MINUTES} minutes",
            title_justify="left",
            title_style="bold",
            header_style="dim",
        )
        table.add_column("touchpoint")
        table.add_column("satisfied", justify="right")
        table.add_column("95 % interval" if self.thresholds.confidence == 0.95  # noqa: PLR2004 - as set
                         else "interval", justify="right")  # fmt: skip
        table.add_column("answers", justify="right")
        table.add_column("since the start")
        for name, minutes in sorted(touchpoints.items()):
            recent = self.window(minutes, self._window_start(progress), progress.at_ms + 1)
            style = "dim" if recent.status != "ok" else ""
            table.add_row(
                name or "-",
                percent(recent.value),
                interval(recent),
                str(recent.n),
                spark(self._history(minutes, progress)),
                style=style,
            )
        return Group(self._headline(progress), table, Text(
            "Pale rows rest on few answers: read them with their interval.", style="dim"))  # fmt: skip

    def line(self, touchpoints: Mapping[str, Mapping[int, Histogram]], progress: Progress) -> str:
        """Return the board as one plain line."""
        parts = []
        for name, minutes in sorted(touchpoints.items()):
            recent = self.window(minutes, self._window_start(progress), progress.at_ms + 1)
            if recent.status == "ok":
                parts.append(f"{name} {percent(recent.value)} ({interval(recent)})")
        return f"{self._headline(progress)}  satisfied: " + (", ".join(parts) or "few answers yet")

    def _window_start(self, progress: Progress) -> int:
        return progress.at_ms - _WINDOW_MINUTES * _MINUTE_MS

    def _headline(self, progress: Progress) -> Text:
        clock = datetime.fromtimestamp(progress.at_ms / 1000, UTC)
        return Text(
            f"{clock:%H:%M} simulated  sent {progress.sent:,}  counted {progress.counted:,}"
        )

    def _history(self, minutes: Mapping[int, Histogram], progress: Progress) -> list[float | None]:
        step = _SPARK_MINUTES * _MINUTE_MS
        start = self.start_ms - self.start_ms % _MINUTE_MS
        return [
            self.window(minutes, since, since + step).value
            for since in range(start, min(progress.at_ms, start + self.length_ms) + 1, step)
        ]


def minutes_of(clickhouse: ClickHouse, since_ms: int) -> dict[str, dict[int, dict[int, int]]]:
    """Return the counts of `MEASURE`: touchpoint -> minute (epoch ms) -> bucket -> answers."""
    rows = clickhouse.rows(
        "SELECT touchpoint, toUnixTimestamp(slice_start) * 1000, bucket, sum(n) AS answers "
        f"FROM {clickhouse.address.database}.slices FINAL "
        f"WHERE {shown(clickhouse.address.database)} "
        "AND measure = %(measure)s AND slice_start >= toDateTime(%(since)s, 'UTC') "
        "GROUP BY touchpoint, slice_start, bucket HAVING answers != 0",
        {"measure": MEASURE, "since": since_ms // 1000 - 3600},
    )
    found: dict[str, dict[int, dict[int, int]]] = {}
    for touchpoint, minute, bucket, answers in rows:
        found.setdefault(touchpoint, {}).setdefault(minute, {})[bucket] = answers
    return found


def spark(values: list[float | None]) -> str:
    """Return percentages as bars; a dot where there is no value.

    >>> spark([0.0, 50.0, 100.0, None])
    '▁▅█·'
    """
    top = len(_BARS) - 1
    return "".join("·" if value is None else _BARS[round(value / 100 * top)] for value in values)


def percent(value: float | None) -> str:
    """Return a percentage for people; empty where there is none."""
    return "" if value is None else f"{value:.0f} %"


def interval(result: ScoreValue) -> str:
    """Return an interval of percentages for people."""
    if result.lower is None or result.upper is None:
        return ""
    return f"{result.lower:.0f} .. {result.upper:.0f}"
