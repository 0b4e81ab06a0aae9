"""Answers that count once per customer: of each period only the latest."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from schemas.measures import Measures
from streams.verifying.answers import asks_for, counts, lets_in
from streams.verifying.fact import Cell, cell_of
from streams.verifying.row import Row, own_dimensions

__all__ = ["once_cells"]

#: How much of an instant in ISO 8601 names its period.
_LETTERS = {"hour": len("2026-01-31T08"), "day": len("2026-01-31"), "month": len("2026-01")}


def once_cells(rows: Sequence[Row], measures: Measures) -> Iterator[Cell]:
    """Yield a cell for each period and measure, from the newest revisions of one customer's answers."""
    standing = [row for row in rows if counts(row) and row["value_number"] is not None]
    standing.sort(
        key=lambda row: (
            row["responded_at"],
            row["source"],
            row["response_id"],
            row["question_id"],
        )
    )
    for measure in measures.measures:
        if not measure.once_per:
            continue
        latest: dict[str, Row] = {}
        for row in standing:
            kind_fits = not measure.survey_kinds or row["survey_kind"] in measure.survey_kinds
            # Of an answer without a score the number says nothing, and may be none.
            is_number = math.isfinite(row["value_number"] or 0)
            if kind_fits and is_number and asks_for(measure, row) and lets_in(measure, row):
                moment = datetime.fromtimestamp(row["responded_at"] // 1000, UTC).isoformat()
                latest[moment[: _LETTERS[measure.once_per]]] = row
        for row in latest.values():
            yield cell_of(
                measure, row["responded_at"], int(row["value_number"]), own_dimensions(row)
            )
