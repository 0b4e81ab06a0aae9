"""The example mapping on real answers, which the project may not contain.

`EARSHOT_OLIST` names a folder with reviews.csv, orders.csv and customers.csv.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from schemas.definitions import load_measures
from schemas.registry import FileRegistry
from streams.fold.judging import Rules
from streams.importing.plan import Outgoing, prepare
from streams.importing.session import rehearse
from tests.importing.test_docs import DOCS

FOLDER = os.environ.get("EARSHOT_OLIST", "")

pytestmark = pytest.mark.skipif(not FOLDER, reason="EARSHOT_OLIST names no folder of real answers")


def test_every_answer_becomes_one_event() -> None:
    plan = prepare(
        DOCS / "examples" / "marketplace-reviews.toml",
        Path(FOLDER) / "reviews.csv",
        FileRegistry(),
        Rules(load_measures()),
        max_bytes=1 << 20,
    )
    ids, keys, scores = set(), set(), [0] * 6
    late = 0

    def see(event: Outgoing) -> None:
        nonlocal late
        record = event.record
        ids.add(record["event_id"])
        keys.add(record["customer_id"])
        scores[int(record["value_number"])] += 1
        late += record["responded_at"] < record["invited_at"]

    try:
        tally = rehearse(
            plan, see, lambda row, refusal: None, lambda tally, share: None, lambda: False
        )
    finally:
        plan.rows.close()
    assert (tally.rows, tally.events, tally.refused_rows, tally.repeated) == (8225, 8225, 0, 0)
    assert len(ids) == 8225
    assert None not in keys
    assert sum(scores[1:]) == 8225
    assert late == 0
