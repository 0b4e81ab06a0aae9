"""Logs as an unlucky upstream writes them."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from streams.fold.partition import Decoded
from streams.fold.rejection import Rejection
from tests.builders import NOW_MS, answer

#: Broker timestamp of every record: half an hour after the first event.
BROKER_MS = NOW_MS + 1_800_000

_SCORED: dict[str, dict[str, Any]] = {
    "NPS": {"metric": "NPS", "scale_min": 0, "scale_max": 10},
    "CSAT": {"metric": "CSAT", "scale_min": 1, "scale_max": 5},
    "TEXT": {"metric": "TEXT", "scale_min": None, "scale_max": None, "value_number": None},
}


@st.composite
def answers(draw: st.DrawFn, *, ids: int = 4, revisions: int = 3) -> dict[str, Any]:
    """Return a good answer about one of a few identities."""
    metric = draw(st.sampled_from(["NPS", "NPS", "NPS", "CSAT", "TEXT"]))
    return answer(
        **({"value_number": float(draw(st.integers(1, 5)))} | _SCORED[metric]),
        response_id=f"r{draw(st.integers(0, ids - 1))}",
        revision=draw(st.integers(1, revisions)),
        op=draw(st.sampled_from(["CREATE", "UPDATE", "UPDATE", "DELETE"])),
        responded_at=NOW_MS + 60_000 * draw(st.integers(0, 2)),
        touchpoint=draw(st.sampled_from(["checkout", "delivery", None])),
        dismissed=draw(st.sampled_from([False, False, False, True])),
        is_test=draw(st.sampled_from([False, False, False, True])),
    )


_BAD = st.sampled_from(
    [
        Rejection("malformed", "damaged"),
        answer(value_number=11.0),
        answer(response_id=""),
        answer(responded_at=BROKER_MS + 86_400_000),
    ]
)


@st.composite
def logs(draw: st.DrawFn, *, most: int = 40, gaps: bool = True, ids: int = 4) -> list[Decoded]:
    """Return records with rising offsets, good and bad, some of them known already."""
    contents = draw(st.lists(st.one_of(answers(ids=ids), answers(ids=ids), _BAD), max_size=most))
    steps = st.sampled_from([1, 1, 1, 1, 2, 3, 11] if gaps else [1])
    log, offset = [], draw(st.integers(0, 3)) if gaps else 0
    for content in contents:
        log.append(Decoded(offset, BROKER_MS, content))
        offset += draw(steps)
    return log
