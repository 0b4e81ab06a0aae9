"""Answers that count once per customer, told for each customer they ever named."""

from __future__ import annotations

from typing import Any

import pytest

from streams.explaining.latest import latest_answers
from streams.explaining.told import Told
from streams.fold.customers import HISTORY_KINDS, StoredRecord, histories_of
from streams.fold.kinds import KINDS
from tests.builders import ANSWERS, record_for
from tests.fold.test_histories import OLD


def told_of(subject: str, records: list[dict[str, Any]]) -> list[Told]:
    kind = HISTORY_KINDS[ANSWERS]
    rows = [
        StoredRecord(kind.subject_of(record), offset, 1, record)
        for offset, record in enumerate(records)
    ]
    (history,) = histories_of(KINDS[ANSWERS], rows, {subject}).values()
    return list(latest_answers(history, OLD, "once"))


@pytest.mark.parametrize(
    ("who", "value", "left_out"),
    [("c:c1", 9, "another customer's since revision 2"), ("c:c2", 4, "")],
)
def test_an_answer_is_told_to_whom_each_revision_names(who: str, value: int, left_out: str) -> None:
    (told,) = told_of(
        who,
        [
            record_for(ANSWERS, customer_id="c1", value_number=9.0),
            record_for(ANSWERS, customer_id="c2", value_number=4.0, revision=2),
        ],
    )
    assert (told.fact.value, told.left_out, told.note) == (value, left_out, "")


def test_an_answer_its_customer_dismissed_is_told_as_that() -> None:
    (told,) = told_of(
        "c:c1",
        [
            record_for(ANSWERS, customer_id="c1", value_number=9.0),
            record_for(ANSWERS, customer_id="c1", value_number=None, dismissed=True, revision=2),
        ],
    )
    assert told.left_out == "dismissed without an answer"
    assert told.note == "corrected from 9 (revision 1) to dismissed (revision 2)"
