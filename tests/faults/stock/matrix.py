"""Which fault is made to whom, and the table of what came of it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import NamedTuple

from tests.faults.stock.faults import FAULTS, Ground, Outcome
from tests.faults.stock.pipelines import EARSHOT, TOKENS

__all__ = ["ROWS", "Row", "markdown", "measure"]

_WIDTH = 3


class Row(NamedTuple):
    """A fault, as a reader knows it; the ways to use Faust it is made to; whether tokens apply."""

    fault: str
    text: str
    faust: dict[str, str]
    tokens: bool = True

    @property
    def kinds(self) -> list[str]:
        """Return every pipeline of this row."""
        return [EARSHOT, *self.faust, *([TOKENS] if self.tokens else ())]


_TAKE = {"take": "`take`"}

ROWS = (
    Row(
        "refused",
        "ClickHouse answers one insert with an error that passes",
        {**_TAKE, "each": "`async for`", "noack": "`noack`"},
    ),
    Row("away", "ClickHouse is away for a second and a half, while answers come in", _TAKE),
    Row(
        "crashed",
        "ClickHouse is killed when an insert is in its deduplication log and its part is not there yet",
        _TAKE,
    ),
    Row(
        "stopped",
        "SIGTERM while an insert is under way",
        {"take": "`take`[^hangs]", "take, no wait": "`take`, `stream_wait_empty=False`"},
    ),
    Row("killed", "SIGKILL after an insert, before its offsets are committed", _TAKE),
    Row("joined", "two more workers join; a hundred answers come every half a second", _TAKE),
    Row(
        "poisoned",
        "one record cannot be decoded",
        {"take, typed": "`take`"},
        tokens=False,
    ),
)


def measure(
    fault: str, kinds: Collection[str], ground: Ground, *, at_a_time: int = _WIDTH
) -> dict[str, Outcome]:
    """Make one fault to some pipelines, several at a time: most of their time they wait."""

    def one(kind: str) -> Outcome:
        folder = ground.folder / f"{fault}-{kind.replace(', ', '-').replace(' ', '-')}"
        folder.mkdir()
        return FAULTS[fault](kind, replace(ground, folder=folder))

    with ThreadPoolExecutor(at_a_time) as pool:
        return dict(zip(kinds, pool.map(one, kinds), strict=True))


def markdown(outcomes: Mapping[str, Mapping[str, Outcome]]) -> Iterator[str]:
    """Yield the lines of the table; `outcomes` by fault and pipeline."""
    yield "| Fault | Earshot | stock Faust | token-only sink |"
    yield "|---|---|---|---|"
    for row in ROWS:
        found = outcomes[row.fault]
        faust = "<br>".join(f"{label}: {_cell(found[kind])}" for kind, label in row.faust.items())
        tokens = _cell(found[TOKENS]) if row.tokens else "n/a[^tokens]"
        yield f"| {row.text} | {_cell(found[EARSHOT])} | {faust} | {tokens} |"


def _cell(one: Outcome) -> str:
    text = f"{one.lost} / {one.doubled} of {one.sent}"
    if one.lost or one.doubled:
        text = f"**{text}**"
    if one.stuck:
        return f"{text}, and stuck[^stuck]"
    return f"{text}, after a restart[^stuck]" if one.restarts else text
