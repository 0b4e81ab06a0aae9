"""How much memory the workers take, looked at every second, and whether it grows."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from statistics import median

import psutil

__all__ = ["Memory", "slope"]

_EVERY_S = 1.0
_MIB = 1024**2

#: A worker fills its caches at first; what it takes from this age on should stay.
_GROWN_UP_S = 60.0
_FEWEST_SAMPLES = 30

#: Seconds of age, and bytes.
_Sample = tuple[float, float]


class Memory:
    """Samples the resident memory of processes, from a thread of its own."""

    def __init__(self, pids: Callable[[], Iterable[int]]) -> None:
        self._pids = pids
        self._samples: dict[int, list[_Sample]] = {}
        self._born: dict[int, float] = {}
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.peak = 0.0

    def start(self) -> None:
        """Begin to sample."""
        self._thread.start()

    def stop(self) -> None:
        """Sample no more."""
        self._ends.set()
        self._thread.join()

    def now_mib(self) -> list[float]:
        """Return what each worker takes now, in MiB."""
        return [size / _MIB for pid in self._pids() if (size := _rss(pid))]

    @property
    def peak_mib(self) -> float:
        """The most any worker took, in MiB."""
        return self.peak / _MIB

    @property
    def growth_mib_per_min(self) -> float | None:
        """The middle one of the workers' slopes, in MiB a minute; None if none lived for long enough."""
        slopes = [
            slope(samples) * 60 / _MIB
            for one in self._samples.values()
            if len(samples := [it for it in one if it[0] >= _GROWN_UP_S]) >= _FEWEST_SAMPLES
        ]
        return median(slopes) if slopes else None

    def _run(self) -> None:
        while not self._ends.wait(_EVERY_S):
            now = time.monotonic()
            for pid in list(self._pids()):
                if size := _rss(pid):
                    age = now - self._born.setdefault(pid, now)
                    self._samples.setdefault(pid, []).append((age, size))
                    self.peak = max(self.peak, size)


def slope(samples: Iterable[_Sample]) -> float:
    """Return how fast the second number grows with the first: the line of least squares.

    >>> slope([(0, 5), (1, 7), (2, 9)])
    2.0
    """
    points = list(samples)
    mean_x = sum(x for x, _ in points) / len(points)
    mean_y = sum(y for _, y in points) / len(points)
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / spread if spread else 0.0


def _rss(pid: int) -> float:
    try:
        return float(psutil.Process(pid).memory_info().rss)
    except psutil.NoSuchProcess:
        return 0.0
