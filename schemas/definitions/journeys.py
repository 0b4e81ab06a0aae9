"""`[[journey]]`: the stages of a journey, and the ways between them that are planned."""

from __future__ import annotations

from schemas.definitions.section import Section
from schemas.journey_maps import JourneyMap

__all__ = ["journey_of"]


def journey_of(section: Section, name: str) -> JourneyMap:
    """Read one journey; what is wrong is noted in the section."""
    stages = section.texts("stages", required=True)
    starts = section.texts("starts", required=True)
    section.one_of("starts", starts, stages)
    transitions = _transitions(section, stages)
    expected: dict[str, int] = {}
    ends_after_ms = section.duration_ms("ends_after")
    if not section.has("ends_after"):
        section.problem("ends_after is missing")
    left = {one for one, _ in transitions}
    for stage, text in section.inner("expected").items():
        if stage not in stages:
            section.one_of("expected", [stage], stages)
            continue
        time_ms = section.as_duration_ms(f"expected.{stage}", text)
        if time_ms is None:
            continue
        if stage not in left:
            section.problem(f"expected.{stage}: no transition leaves {stage}, so none is in time")
        if ends_after_ms is not None and time_ms > ends_after_ms:
            section.problem(f"expected.{stage} is longer than ends_after")
        expected[stage] = time_ms
    section.close()
    return JourneyMap(
        name, stages, frozenset(starts), frozenset(transitions), ends_after_ms or 0, expected
    )


def _transitions(section: Section, stages: tuple[str, ...]) -> list[tuple[str, str]]:
    value = section.value("transitions") or []
    if not isinstance(value, list):
        section.problem('transitions must be a list of pairs such as ["browse", "buy"]')
        return []
    found: list[tuple[str, str]] = []
    for pair in value:
        match pair:
            case [str(before), str(after)]:
                section.one_of("transitions", dict.fromkeys((before, after)), stages)
                if before == after:
                    section.problem(f"transitions: {before} leads to itself; a stage is one visit")
                if (before, after) in found:
                    section.problem(f"transitions: {before} to {after} is there twice")
                found.append((before, after))
            case _:
                section.problem(f'transitions: {pair} is not a pair such as ["browse", "buy"]')
    return found
