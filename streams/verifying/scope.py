"""What is checked: all measures of all time, or some of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from schemas.measures import Measures
from streams.verifying.fact import Cell

__all__ = ["Scope"]


@dataclass(frozen=True, slots=True)
class Scope:
    """Slices that start from `since` (inclusive) to `until` (exclusive), of `measures` (none: all)."""

    since: datetime | None = None
    until: datetime | None = None
    measures: frozenset[str] = frozenset()

    def __contains__(self, cell: Cell) -> bool:
        if self.measures and cell.measure not in self.measures:
            return False
        start_s = cell.slice_ms // 1000
        if self.since is not None and start_s < self.since.astimezone(UTC).timestamp():
            return False
        return self.until is None or start_s < self.until.astimezone(UTC).timestamp()

    def takes(self, topic: str, definitions: Iterable[Measures]) -> bool:
        """Whether anything of a topic is to be checked, as far as any of these definitions go."""
        return not self.measures or any(
            measure.topic == topic and measure.name in self.measures
            for one in definitions
            for measure in one.measures
        )

    def in_sql(self) -> tuple[str, dict[str, object]]:
        """Return a condition on `slices`, and its parameters."""
        conditions, params = ["1"], dict[str, object]()
        if self.measures:
            conditions.append("measure IN %(measures)s")
            params["measures"] = tuple(sorted(self.measures))
        for name, moment, sign in (("since", self.since, ">="), ("until", self.until, "<")):
            if moment is not None:
                conditions.append(f"toUnixTimestamp(slice_start) {sign} %({name})s")
                params[name] = moment.astimezone(UTC).timestamp()
        return " AND ".join(conditions), params
