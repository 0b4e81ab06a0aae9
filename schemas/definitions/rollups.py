"""`[[rollup]]`: the groups that histograms are summed by."""

from __future__ import annotations

from collections.abc import Collection

from schemas.definitions.section import Section, hint
from schemas.definitions.symbols import is_attribute
from schemas.measures import DIMENSIONS, Measure

__all__ = ["rollups_of"]


def rollups_of(
    top: Section, measures: Collection[Measure], *, complete: bool
) -> tuple[tuple[str, ...], ...]:
    """Read all roll-ups, the one of everything together first; what is wrong is noted.

    Args:
        top: The file.
        measures: The measures that could be read.
        complete: Whether these are all there are. Then dimensions that none of them has together
            are wrong: they would never group anything.
    """
    found: list[tuple[str, ...]] = [()]
    for number, table in enumerate(top.entries("rollup"), 1):
        section = top.part(table, f"rollup number {number}", "a rollup")
        names = _dimensions(section, measures if complete else None)
        if section.is_good and set(names) in [set(other) for other in found[1:]]:
            section.problem(f"{', '.join(names)} is there twice")
        if section.is_good and names:
            found.append(names)
    return tuple(found)


def _dimensions(section: Section, measures: Collection[Measure] | None) -> tuple[str, ...]:
    if not section.has("dimensions"):
        section.problem("dimensions is missing")
    names = section.texts("dimensions")
    for name in names:
        if name not in DIMENSIONS and not is_attribute(name):
            choice = ", ".join((*DIMENSIONS, "attributes.<name>"))
            section.problem(f"dimension {name} is none of {choice}{hint(name, DIMENSIONS)}")
    together = measures is None or any(set(names) <= set(one.dimensions) for one in measures)
    if section.is_good and not together:
        section.problem(f"no measure has {', '.join(names)} together")
    section.close()
    return names
