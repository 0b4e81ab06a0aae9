"""Answers that stand, and the measures that take them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from schemas.measures import Measure, Measures
from streams.verifying.fact import Cell, cell_of
from streams.verifying.row import Row, own_dimensions

__all__ = ["answer_cells", "asks_for", "counts", "lets_in", "newest_of_each"]


def newest_of_each(rows: Iterable[Row]) -> list[Row]:
    """Return the newest revision of every answer."""
    newest: dict[tuple[str, str, str], Row] = {}
    for row in rows:
        answer = row["source"], row["response_id"], row["question_id"]
        if answer not in newest or row["revision"] > newest[answer]["revision"]:
            newest[answer] = row
    return list(newest.values())


def counts(row: Row) -> bool:
    """Whether an answer counts at all."""
    return not row["is_test"] and row["op"] != "DELETE" and not row["dismissed"]


def asks_for(measure: Measure, row: Row) -> bool:
    """Whether a scored measure declares the question of an answer, whatever the kind of survey."""
    return (
        bool(measure.metric)
        and not measure.fact
        and measure.metric == row["metric"]
        and measure.scale == (row["scale_min"], row["scale_max"])
        and measure.higher_is_better == row["higher_is_better"]
    )


def lets_in(measure: Measure, row: Row) -> bool:
    """Whether an answer is of a version of the survey, and as complete, as a measure wants."""
    version_fits = not measure.survey_versions or row["survey_version"] in measure.survey_versions
    return version_fits and (bool(row["completed"]) or not measure.completed_only)


def answer_cells(row: Row, measures: Measures) -> Iterator[Cell]:
    """Yield the cell of the score of an answer that counts; once-per-customer measures aside."""
    if row["value_number"] is None:
        return
    asking = [one for one in measures.measures if not one.once_per and asks_for(one, row)]
    # A measure that names the kind of the survey goes before one that takes all kinds.
    named = [one for one in asking if row["survey_kind"] in one.survey_kinds]
    others = [one for one in asking if not one.survey_kinds]
    for measure in (named or others)[:1]:
        if lets_in(measure, row):
            score = int(row["value_number"])
            yield cell_of(measure, row["responded_at"], score, own_dimensions(row))
