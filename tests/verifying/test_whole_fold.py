"""The auditor finds no difference in what the worker folds, whatever the log and its definitions."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Sequence
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.definitions import load_measures
from schemas.effort import EffortWeights
from schemas.measures import Measures
from streams.fold.cells import Cell as FoldedCell
from streams.fold.kinds import KINDS
from streams.fold.partition import Decoded
from streams.verifying.fact import Cell
from streams.verifying.recount import recount
from tests.builders import NOW_MS, record_for
from tests.fold.model import Tables, Worker, restart_at
from tests.verifying.rows import DAY, INTERACTIONS, INVITATIONS, RESPONSES, row_of
from tests.verifying.timelines import MAKERS, ONCE, RULES

SHIPPED = load_measures()
FIRST = Measures(1, [*SHIPPED.measures, *ONCE.measures], "", RULES)
NEVER = Measures(2, [one for one in FIRST.measures if not one.once_per], "", RULES)
LAST = Measures(
    3,
    [dataclasses.replace(one, dimensions=("channel", "attributes.tier")) for one in FIRST.measures],
    "",
    dataclasses.replace(
        RULES, effort=EffortWeights(1, 1, 1, 1, 1, 1), default_calendar="night", policies=()
    ),
)
DEFINITIONS = {1: FIRST, 2: NEVER, 3: LAST}

WHO = [("c1", None), ("c1", None), ("c2", "a1"), (None, "a1"), (None, None)]
Log = list[dict[str, Any]]


def logs(topic: str) -> st.SearchStrategy[Log]:
    """Return logs of some customers: with records that come twice, revisions out of order, and tests."""
    return st.integers(0, 2**32 - 1).map(lambda seed: _log(topic, Random(seed)))


def _log(topic: str, rng: Random) -> Log:
    found = []
    for own in [one for _ in range(rng.randint(1, 3)) for one in MAKERS[topic](rng)]:
        customer, anonymous = rng.choice(WHO)
        event = f"e{rng.randint(0, 60)}"
        fields = {"is_test": rng.random() < 0.1} | own  # fmt: skip
        who = {"customer_id": customer, "anonymous_id": anonymous, "event_id": event}
        found.append(record_for(topic, **fields, **who))
    return found


def folded(
    topic: str, log: Sequence[Decoded], chunk: int, changes_at: tuple[int, int], crash_at: int
) -> Tables:
    """Fold a log with the first definitions, the second, then the last, with a crash somewhere."""
    tables = Tables(KINDS[topic])
    restart = 0
    for measures, end in zip((FIRST, NEVER), changes_at, strict=True):
        worker = Worker(tables, restart, chunk=chunk, measures=measures, definitions=DEFINITIONS)
        worker.take(log[:end])
        restart = restart_at(worker.flush(), chunk)
    last = Worker(
        tables, restart, chunk=chunk, limit=2, customer_limit=1, measures=LAST,
        definitions=DEFINITIONS,
    )  # fmt: skip
    for part in (log[:crash_at], log):
        for start in range(0, len(part), 7):
            last.take(part[start : start + 7])
        last.flush()
    return tables


def compare(topic: str, tables: Tables) -> None:
    rows = [
        row_of(topic, row.record, row.offset, row.definitions)
        for row in sorted(tables.raw.values(), key=lambda row: -row.offset)
    ]
    assert recount(topic, rows, DEFINITIONS) == Counter(
        _sums((_as_ours(cell), n) for cell, n in tables.counts().items())
    )


def _as_ours(cell: FoldedCell) -> Cell:
    named = zip(cell.names, cell.dimensions, strict=True)
    shown = tuple(sorted((name, value) for name, value in named if value))
    return Cell(cell.measure, shown, cell.slice_ms, cell.bucket)


def _sums(counts: Any) -> dict[Cell, int]:
    """Two series that differ only in empty dimensions are one here."""
    found: Counter[Cell] = Counter()
    for cell, n in counts:
        found[cell] += n
    return {cell: n for cell, n in found.items() if n}


@pytest.mark.parametrize("topic", [INTERACTIONS, INVITATIONS, RESPONSES])
def test_no_difference(topic: str) -> None:
    @settings(max_examples=60, deadline=None)
    @given(
        log=logs(topic),
        chunk=st.sampled_from([2, 4, 16]),
        changes=st.tuples(st.integers(0, 40), st.integers(0, 60)),
        crash_at=st.integers(0, 60),
    )
    def law(log: Log, chunk: int, changes: tuple[int, int], crash_at: int) -> None:
        changes_at = min(changes), max(changes)
        late = NOW_MS + 400 * DAY
        decoded = [Decoded(offset, late, record) for offset, record in enumerate(log)]
        compare(topic, folded(topic, decoded, chunk, changes_at, crash_at))

    law()
