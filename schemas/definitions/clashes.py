"""What no measure can see alone: two of one name, two for the same answers."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from itertools import combinations

from schemas.measures import Measure

__all__ = ["clashes"]


def clashes(measures: Iterable[Measure], *, complete: bool) -> Iterable[str]:
    """Yield what is wrong between measures.

    Args:
        measures: The measures that could be read.
        complete: Whether these are all there are; otherwise none is said to be missing.
    """
    scored = [measure for measure in measures if measure.metric and measure.scale]
    for one, other in combinations(scored, 2):
        if one.once_per == other.once_per and _same_answers(one, other):
            yield f"measure {other.name}: takes the same answers as {one.name}"
    plain = [measure for measure in scored if not measure.once_per]
    for measure in scored:
        if complete and measure.once_per and not any(_takes_all_of(one, measure) for one in plain):
            yield (
                f"measure {measure.name}: once_per needs a measure without it that takes the same "
                "answers, or they would be rejected"
            )


def _same_question(one: Measure, other: Measure) -> bool:
    return (one.metric, one.scale, one.higher_is_better) == (
        other.metric, other.scale, other.higher_is_better,
    )  # fmt: skip


def _same_answers(one: Measure, other: Measure) -> bool:
    """Whether both ask for the same answers. One that names no kind of survey takes what is left.

    Versions do not tell two measures apart: they only narrow what one of them takes.
    """
    kinds = one.survey_kinds & other.survey_kinds or not (one.survey_kinds or other.survey_kinds)
    return bool(_same_question(one, other) and kinds)


def _takes_all_of(one: Measure, other: Measure) -> bool:
    """Whether every answer that `other` takes is one that `one` takes."""
    return (
        _same_question(one, other)
        and _within(other.survey_kinds, one.survey_kinds)
        and _within(other.survey_versions, one.survey_versions)
        and (not one.completed_only or other.completed_only)
    )


def _within(inner: AbstractSet[object], outer: AbstractSet[object]) -> bool:
    """Whether one set is inside the other; an empty one stands for everything."""
    return not outer or bool(inner and inner <= outer)
