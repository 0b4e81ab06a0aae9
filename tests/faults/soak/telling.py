"""One line for everything that happens, with the seconds since the start."""

from __future__ import annotations

import sys
import time
from pathlib import Path

__all__ = ["Teller", "expected"]


class Teller:
    """Says lines on standard output, and keeps them in a file if there is one for them."""

    def __init__(self, log: Path | None = None) -> None:
        self._log = log
        self._began = time.monotonic()

    @property
    def now_s(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._began

    def say(self, text: str) -> None:
        """Say a line."""
        line = f"{self.now_s:8.1f} s  {text}"
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
        if self._log is not None:
            with self._log.open("a", encoding="utf-8") as out:
                out.write(line + "\n")


#: Measured on two cores: events read a second while nothing is broken, and seconds a kill costs.
_EVENTS_A_SECOND, _A_KILL_S = 3_000.0, 22.0


def expected(events: int, kills: int, minutes: float) -> str:
    """Return how long a soak may take, as a line."""
    seconds = max(events / _EVENTS_A_SECOND, 60 * minutes) + kills * _A_KILL_S
    return f"this may take some {seconds / 60:.0f} minutes"
