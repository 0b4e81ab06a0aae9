"""`[[measure.score]]`: the numbers that are derived from a histogram."""

from __future__ import annotations

from typing import get_args

from schemas.definitions.section import Section, whole_range
from schemas.measures import Score, ScoreKind

__all__ = ["score_of"]

_KINDS: tuple[ScoreKind, ...] = get_args(ScoreKind)

Box = tuple[int, int]

#: Quantiles are taken to the millionth.
_LEAST = 1e-6

#: Which kinds of score have which keys.
_KEYS: dict[str, tuple[ScoreKind, ...]] = {
    "top": ("net", "share"),
    "bottom": ("net",),
    "base": ("share",),
    "q": ("quantile",),
}


def score_of(section: Section, scale: Box | None, *, is_duration: bool) -> Score:
    """Read one score; what is wrong is noted in the section.

    Args:
        section: Its table.
        scale: Lowest and highest value of its measure; None for durations and counts of records.
        is_duration: Whether its measure is one of durations.
    """
    name, unit = section.text("name", required=True), section.text("unit", required=True)
    doc = section.text("doc")
    kind = section.text("kind")
    top, bottom, base = (_box(section, key, scale) for key in ("top", "bottom", "base"))
    q = _quantile(section)
    if kind in _KINDS:
        _check_keys(section, kind)
        _check_fit(section, kind, scale, is_duration=is_duration)
    else:
        section.problem(f"kind must be one of {', '.join(_KINDS)}")
    if top and bottom and top[0] <= bottom[1] and bottom[0] <= top[1]:
        section.problem("top and bottom overlap")
    if top and base and not base[0] <= top[0] <= top[1] <= base[1]:
        section.problem(f"top {list(top)} is not inside base {list(base)}")
    section.close()
    return Score(
        name=name, kind=next((one for one in _KINDS if one == kind), "count"), unit=unit, doc=doc,
        top=top, bottom=bottom, base=base, q=q,
    )  # fmt: skip


def _check_keys(section: Section, kind: str) -> None:
    for key, kinds in _KEYS.items():
        if section.has(key) and kind not in kinds:
            section.problem(f"{key} is only for {' and '.join(kinds)}")
        if key != "base" and not section.has(key) and kind in kinds:
            section.problem("q must be between 0 and 1" if key == "q" else _must_be(key))


def _check_fit(section: Section, kind: str, scale: Box | None, *, is_duration: bool) -> None:
    """A score must be one that values of this kind have."""
    if is_duration:
        if kind not in {"mean", "quantile"}:
            section.problem("durations have a mean and quantiles; every other kind needs a scale")
    elif (kind == "count") != (scale is None):
        section.problem("a count has no scale, every other kind needs one")


def _box(section: Section, key: str, scale: Box | None) -> Box | None:
    value = section.value(key)
    if value is None:
        return None
    box = whole_range(value)
    if box is None:
        section.problem(_must_be(key))
    elif scale and not scale[0] <= box[0] <= box[1] <= scale[1]:
        section.problem(f"the box {list(box)} is not inside the scale {list(scale)}")
    return box


def _quantile(section: Section) -> float | None:
    q = section.value("q")
    if q is None:
        return None
    if isinstance(q, bool) or not isinstance(q, int | float) or not _LEAST <= q <= 1 - _LEAST:
        section.problem("q must be between 0 and 1")
        return None
    return float(q)


def _must_be(key: str) -> str:
    return f"{key} must be [lowest, highest]"
