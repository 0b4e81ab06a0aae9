"""The whole audit: every partition, one after the other, and what it comes to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from streams.verifying.comparing import (
    SHOWN,
    Checked,
    Difference,
    OfMeasure,
    Progress,
    verify_partition,
)
from streams.verifying.scope import Scope
from streams.verifying.stored import Partition, Stored

__all__ = ["Audit", "audit", "partitions_of"]


@dataclass(slots=True)
class Audit:
    """What all partitions come to."""

    partitions: list[Checked] = field(default_factory=list)
    measures: dict[str, OfMeasure] = field(default_factory=dict)
    differences: list[Difference] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """Raw rows that were recounted."""
        return sum(one.rows for one in self.partitions)

    @property
    def cells(self) -> int:
        """Cells that were compared."""
        return sum(one.cells for one in self.measures.values())

    @property
    def different(self) -> int:
        """Cells that differ; `differences` holds the first of them."""
        return sum(one.differences for one in self.measures.values())

    @property
    def findings(self) -> list[tuple[Partition, str]]:
        """What does not add up in the ledger."""
        return [(one.partition, text) for one in self.partitions for text in one.findings]

    @property
    def unchecked(self) -> list[Checked]:
        """Partitions that could not be checked at all."""
        return [one for one in self.partitions if one.until is None]

    def take(self, checked: Checked) -> None:
        """Add what was found in one partition."""
        self.partitions.append(checked)
        for name, one in checked.measures.items():
            total = self.measures.setdefault(name, OfMeasure())
            total.counted += one.counted
            total.cells += one.cells
            total.differences += one.differences
        self.differences = sorted([*self.differences, *checked.differences])[:SHOWN]
        checked.differences = []


def partitions_of(stored: Stored, scope: Scope) -> list[Partition]:
    """Return the partitions that may hold anything that is to be checked."""
    definitions = stored.definitions().values()
    return [one for one in stored.partitions() if scope.takes(one.topic, definitions)]


def audit(
    stored: Stored, scope: Scope, partitions: Sequence[Partition], progress: Progress
) -> Audit:
    """Check some partitions.

    Raises:
        SinkError: ClickHouse does not answer, or lost definitions that something was folded with.
    """
    found = Audit()
    for checked in _each(stored, scope, partitions, progress):
        found.take(checked)
    return found


def _each(
    stored: Stored, scope: Scope, partitions: Sequence[Partition], progress: Progress
) -> Iterator[Checked]:
    for partition in partitions:
        # A version may have come since the last partition.
        yield verify_partition(stored, partition, scope, stored.definitions(), progress)
