"""docs/measures.md: every measure and score that ships with Earshot."""

from __future__ import annotations

from collections.abc import Sequence

from schemas.definitions import load_measures
from schemas.measures import Measure, Score
from streams.reference.markdown import code, table

__all__ = ["formula", "measures_part"]


def formula(score: Score) -> str:
    """Write how a score is derived from a histogram, where n is the number of all answers.

    >>> formula(Score("nps", "net", "points", "", top=(9, 10), bottom=(0, 6)))
    '100 * (n[9..10] - n[0..6]) / n'
    >>> formula(Score("mean", "mean", "points", ""))
    'sum of answers / n'
    """
    if score.kind == "net":
        return f"100 * (n{_box(score.top)} - n{_box(score.bottom)}) / n"
    if score.kind == "share":
        return f"100 * n{_box(score.top)} / n"
    return "sum of answers / n" if score.kind == "mean" else "n"


def measures_part() -> str:
    """Return a section for each topic that is measured."""
    measures = load_measures()
    topics = dict.fromkeys(measure.topic for measure in measures.measures)
    parts = [f"Version {measures.version}."]
    for topic in topics:
        found = [measure for measure in measures.measures if measure.topic == topic]
        parts.append(f"### From {code(topic)}")
        if scored := [measure for measure in found if not measure.is_count]:
            parts.append(_scored(scored))
        if counts := [measure for measure in found if measure.is_count]:
            parts.append(_counts(counts))
    return "\n\n".join(parts)


def _scored(measures: Sequence[Measure]) -> str:
    takes, scores = [], []
    for measure in measures:
        assert measure.scale is not None  # noqa: S101 - the caller took the counts out
        low, high = measure.scale
        direction = "" if measure.higher_is_better else ", low is good"
        kinds = ", ".join(code(kind) for kind in sorted(measure.survey_kinds)) or "any"
        takes.append(
            (
                code(measure.name),
                measure.doc,
                code(measure.metric),
                kinds,
                f"{low} to {high}{direction}",
                _source(measure),
            )
        )
        scores += [
            (code(measure.name), code(score.name), code(formula(score)), score.unit, score.doc)
            for score in measure.scores
        ]
    parts = [
        table(["measure", "what", "metric", "survey kind", "scale", "source"], takes),
        table(["measure", "score", "formula", "unit", "meaning"], scores),
        _dimensions(measures),
    ]
    return "\n\n".join(parts)


def _counts(measures: Sequence[Measure]) -> str:
    rows = [
        (
            code(measure.name),
            measure.doc,
            ", ".join(code(kind) for kind in sorted(measure.types)) or "all",
            ", ".join(code(score.name) for score in measure.scores),
            _source(measure),
        )
        for measure in measures
    ]
    heads = ["measure", "counts", "of type", "score", "source"]
    return table(heads, rows) + "\n\n" + _dimensions(measures)


def _dimensions(measures: Sequence[Measure]) -> str:
    groups: dict[tuple[str, ...], list[str]] = {}
    for measure in measures:
        groups.setdefault(measure.dimensions, []).append(code(measure.name))
    lines = [
        f"* {', '.join(code(name) for name in names) or 'none'}: {', '.join(of)}"
        for names, of in groups.items()
    ]
    return "Dimensions:\n\n" + "\n".join(lines)


def _source(measure: Measure) -> str:
    source = measure.source
    return f"[formula]({source})" if source.startswith("http") else source


def _box(box: tuple[int, int] | None) -> str:
    if box is None:
        return "[]"
    return f"[{box[0]}]" if box[0] == box[1] else f"[{box[0]}..{box[1]}]"
