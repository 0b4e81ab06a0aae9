"""What a soak is told, and what it tells in the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median

from tests.faults.soak.plan import KILLS
from tests.faults.soak.verdict import Verdict

__all__ = ["Options", "Report"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How long and how hard. `minutes` stretches the events over so many; 0: as fast as they go."""

    events: int
    kills: int
    seed: int
    minutes: float = 0.0
    workers: int = 2
    chunk: int = 16_384


@dataclass(slots=True)
class Report:
    """What happened, and what became of it."""

    verdict: Verdict
    strikes: Counter[str]
    recoveries_s: list[float]
    took_s: float
    reading_s: float
    peak_mib: float
    growth_mib_per_min: float | None

    @property
    def problems(self) -> list[str]:
        """Everything that was not as promised."""
        return self.verdict.problems

    def lines(self) -> list[str]:
        """Return what to tell, a line each."""
        verdict = self.verdict
        kills: dict[str, int] = {kind: self.strikes[kind] for kind in KILLS}
        others = {kind: n for kind, n in sorted(self.strikes.items()) if kind not in KILLS}
        recovered = sorted(self.recoveries_s) or [0.0]
        growth = self.growth_mib_per_min
        return [
            f"records {verdict.records} in {self.reading_s:.0f} s: "
            f"{verdict.records / self.reading_s:.0f} a second",
            f"kills {sum(kills.values())}: {_named(kills)}; others: {_named(others)}",
            f"lost {verdict.lost}, doubled {verdict.doubled}",
            f"verify: {verdict.cells} cells, {verdict.differences} differences",
            f"feedback.slices: {verdict.slice_messages} messages held against the table",
            f"from a restart until all partitions were beyond where they had been: median "
            f"{median(recovered):.1f} s, longest {recovered[-1]:.1f} s ({len(self.recoveries_s)} times)",
            f"memory of a worker: peak {self.peak_mib:.0f} MiB, growth "
            + ("not known: none lived long" if growth is None else f"{growth:+.2f} MiB a minute"),
            f"took {self.took_s:.0f} s in all",
            *(f"PROBLEM {problem}" for problem in self.problems),
            "FAILED" if self.problems else "as if nothing had happened",
        ]


def _named(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{kind} {n}" for kind, n in counts.items())
