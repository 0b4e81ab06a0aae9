"""Which measure, scores and dimensions a query means."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches

from schemas.measures import Measure, Measures, Score

__all__ = ["check_dimensions", "check_value", "measure_and_scores"]

_MOST_LISTED = 12


def measure_and_scores(name: str, measures: Measures) -> tuple[Measure, tuple[Score, ...]]:
    """Return the measure a name stands for, and the scores it names: all if it names none.

    The name is that of a measure or the start of only one, and may end with a score after a colon, a
    slash or a dot. A whole name wins over the start of others.

    Raises:
        ValueError: No measure or score is named so, or several are; the message lists them.
    """
    if exact := measures.by_name(name):
        return exact, exact.scores
    for sign in (":", "/"):
        left, found, right = name.rpartition(sign)
        if found:
            measure = _measure(left, measures)
            return measure, (_score(right, measure),)
    left, _, right = name.rpartition(".")
    candidates = [measure for measure in _starting(left, measures) if _has(measure, right)]
    if len(candidates) == 1 and not _starting(name, measures):
        return candidates[0], (_score(right, candidates[0]),)
    measure = _measure(name, measures)
    return measure, measure.scores


def check_dimensions(where: Mapping[str, str], measure: Measure) -> None:
    """Refuse a dimension the measure does not declare.

    Raises:
        ValueError: There is one.
    """
    for name in where:
        if name not in measure.dimensions:
            declared = ", ".join(measure.dimensions) or "none"
            msg = f"{measure.name} is not split by {name}; its dimensions: {declared}."
            raise ValueError(msg)


def check_value(name: str, value: str, known: Sequence[str]) -> None:
    """Refuse a value that a dimension never had.

    Raises:
        ValueError: It never had this one.
    """
    if value not in known:
        near = get_close_matches(value, known, _MOST_LISTED, cutoff=0.4) or known
        msg = f"Nothing was ever counted with {name}={value}; {_listed('values', near)}"
        raise ValueError(msg)


def _measure(name: str, measures: Measures) -> Measure:
    if exact := measures.by_name(name):
        return exact
    found = _starting(name, measures)
    if len(found) == 1:
        return found[0]
    if found:
        msg = f"{name} is short for several; {_listed('measures', (one.name for one in found))}"
        raise ValueError(msg)
    names = [measure.name for measure in measures.measures]
    near = get_close_matches(name, names, 5) or names
    msg = f"There is no measure {name}; {_listed('measures', near)}"
    raise ValueError(msg)


def _starting(name: str, measures: Measures) -> list[Measure]:
    if exact := measures.by_name(name):
        return [exact]
    return [measure for measure in measures.measures if name and measure.name.startswith(name)]


def _has(measure: Measure, score: str) -> bool:
    return any(one.name == score for one in measure.scores)


def _score(name: str, measure: Measure) -> Score:
    for score in measure.scores:
        if score.name == name:
            return score
    scores = _listed("scores", (score.name for score in measure.scores))
    msg = f"{measure.name} has no score {name}; {scores}"
    raise ValueError(msg)


def _listed(what: str, names: Iterable[str]) -> str:
    found = sorted(names)
    shown = ", ".join(name or "(empty)" for name in found[:_MOST_LISTED])
    more = f" and {len(found) - _MOST_LISTED} more" if len(found) > _MOST_LISTED else ""
    return f"{what}: {shown or 'none'}{more}."
