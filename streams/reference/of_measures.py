"""docs/measures.md: every measure and score that ships with Earshot, family by family."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from schemas.definitions import load_measures
from schemas.measures import Measure, Score
from streams.reference.markdown import code, table

__all__ = ["formula", "measures_part"]


def formula(score: Score) -> str:
    """Write how a score is derived from a histogram, where n is the number of all values.

    >>> formula(Score("nps", "net", "points", "", top=(9, 10), bottom=(0, 6)))
    '100 * (n[9..10] - n[0..6]) / n'
    >>> formula(Score("answered", "share", "%", "", top=(5, 6), base=(2, 6)))
    '100 * n[5..6] / n[2..6]'
    >>> formula(Score("p90", "quantile", "s", "", q=0.9))
    'value number ceil(0.9 * n) of all, sorted'
    """
    match score.kind:
        case "net":
            return f"100 * (n{_box(score.top)} - n{_box(score.bottom)}) / n"
        case "share":
            return f"100 * n{_box(score.top)} / n{_box(score.base)}"
        case "quantile":
            return f"value number ceil({score.q:g} * n) of all, sorted"
        case "mean":
            return "sum of values / n"
    return "n"


def measures_part() -> str:
    """Return a section for each family of measures."""
    measures = load_measures()
    families: dict[str, list[Measure]] = {}
    for measure in measures.measures:
        families.setdefault(measure.family, []).append(measure)
    parts = [f"Version {measures.version}."]
    for family, found in families.items():
        parts += [
            f"### {family}",
            f"[metrics/{family}.md](metrics/{family}.md) says what these mean, and how to recompute them.",
            table(["measure", "what", "takes", "scale", "source"], map(_row, found)),
            _scores(found),
            _dimensions(found),
        ]
    return "\n\n".join(parts)


def _row(measure: Measure) -> Sequence[str]:
    return code(measure.name), measure.doc, _takes(measure), _scale(measure), _source(measure)


def _takes(measure: Measure) -> str:
    if measure.fact:
        return f"fact {code(measure.fact)}"
    if not measure.metric:
        return f"{code(measure.topic)}: {_codes(sorted(measure.types)) or 'all'}"
    kinds = _codes(sorted(measure.survey_kinds))
    once = f"; once per customer and {measure.once_per}" if measure.once_per else ""
    return f"{code(measure.metric)}{f' of {kinds}' if kinds else ''}{once}"


def _scale(measure: Measure) -> str:
    if measure.is_duration:
        return "duration"
    if measure.scale is None:
        return "count"
    low, high = measure.scale
    return f"{low} to {high}" + ("" if measure.higher_is_better else ", low is good")


def _scores(measures: Iterable[Measure]) -> str:
    """Write each score once, with the measures that have it."""
    rows: dict[Score, list[str]] = {}
    for measure in measures:
        for score in measure.scores:
            rows.setdefault(score, []).append(measure.name)
    return table(
        ["score", "formula", "unit", "meaning", "of"],
        [
            (code(score.name), code(formula(score)), score.unit, score.doc, _codes(names))
            for score, names in rows.items()
        ],
    )


def _dimensions(measures: Iterable[Measure]) -> str:
    groups: dict[tuple[str, ...], list[str]] = {}
    for measure in measures:
        groups.setdefault(measure.dimensions, []).append(measure.name)
    lines = [f"* {_codes(names) or 'none'}: {_codes(of)}" for names, of in groups.items()]
    return "Dimensions:\n\n" + "\n".join(lines)


def _codes(names: Iterable[str]) -> str:
    return ", ".join(map(code, names))


def _source(measure: Measure) -> str:
    source = measure.source
    return f"[source]({source})" if source.startswith("http") else source


def _box(box: tuple[int, int] | None) -> str:
    """Write a box; nothing stands for every value."""
    if box is None:
        return ""
    return f"[{box[0]}]" if box[0] == box[1] else f"[{box[0]}..{box[1]}]"
