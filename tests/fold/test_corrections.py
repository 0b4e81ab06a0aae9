"""Corrections move scores by exactly what they must; order does not matter."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.fold.cells import Cell
from streams.fold.partition import Decoded
from streams.scores import Thresholds, evaluate
from tests.builders import NOW_MS, answer
from tests.fold import oracle
from tests.fold.model import MEASURES, Tables, folded, log_of
from tests.fold.strategies import BROKER_MS, answers


def scores(tables: Tables, measure: str) -> Counter[int]:
    """Return the histogram of a measure over everything."""
    histogram: Counter[int] = Counter()
    for cell, n in tables.counts().items():
        if cell.measure == measure:
            histogram[cell.bucket] += n
    return histogram


def nps(tables: Tables) -> float:
    measure = MEASURES.by_name("nps.relational")
    assert measure is not None
    score = evaluate(measure.scores[0], scores(tables, measure.name), measure.scale, Thresholds())
    assert score.value is not None
    return score.value


@settings(deadline=None, max_examples=40)
@given(
    others=st.lists(st.integers(0, 10), max_size=20),
    at=st.integers(0, 20),
    chunk=st.sampled_from([4, 8]),
)
def test_a_correction_from_9_to_3_moves_nps_by_200_over_n(
    others: list[int], at: int, chunk: int
) -> None:
    log = [answer(response_id=f"o{i}", value_number=float(v)) for i, v in enumerate(others)]
    log.insert(at, answer(response_id="r", value_number=9.0))
    before = folded(log_of(log, timestamp_ms=NOW_MS), chunk=chunk)
    log.append(answer(response_id="r", revision=2, op="UPDATE", value_number=3.0))
    after = folded(log_of(log, timestamp_ms=NOW_MS), chunk=chunk)
    assert nps(after) - nps(before) == pytest.approx(-200 / (len(others) + 1), abs=1e-12)
    assert scores(after, "answers") == scores(before, "answers") == {0: len(others) + 1}


@settings(deadline=None, max_examples=40)
@given(log=st.lists(answers(ids=6), max_size=25), chunk=st.sampled_from([4, 8]))
def test_taking_everything_back_leaves_nothing(log: list[dict[str, Any]], chunk: int) -> None:
    takes = [
        dict(answer(), response_id=f"r{i}", revision=99, op="DELETE", value_number=None)
        for i in range(6)
    ]
    tables = folded(log_of([*log, *takes], timestamp_ms=BROKER_MS), chunk=chunk)
    assert tables.counts() == {}
    assert all(n >= 0 for n in tables.counts().values())


_CHANGES: list[dict[str, Any]] = [
    {"value_number": 3.0},
    {"responded_at": NOW_MS - 3_600_000},
    {"touchpoint": "delivery"},
    {"metric": "CSAT", "scale_min": 1, "scale_max": 5, "value_number": 4.0},
    {"survey_kind": "TRANSACTIONAL"},
    {"is_test": True},
    {"dismissed": True, "value_number": None},
    {"op": "DELETE"},
    {"op": "DELETE", "value_number": None},
    {"metric": "TEXT", "value_number": None, "scale_min": None, "scale_max": None},
]


@pytest.mark.parametrize("change", _CHANGES, ids=str)
@pytest.mark.parametrize("order", [(1, 2), (2, 1)], ids=["in order", "reversed"])
@pytest.mark.parametrize("chunk", [1, 8], ids=["apart", "together"])
def test_only_the_newest_revision_counts(
    change: dict[str, Any], order: tuple[int, int], chunk: int
) -> None:
    first, second = answer(), answer(revision=2, **({"op": "UPDATE"} | change))
    both = {1: first, 2: second}
    tables = folded(log_of([both[n] for n in order], timestamp_ms=NOW_MS), chunk=chunk)
    alone = folded(log_of([second], timestamp_ms=NOW_MS), chunk=chunk)
    assert tables.counts() == alone.counts()
    assert tables.fates()["accepted"] == tables.fates()["corrected"] == 1
    assert len(tables.raw) == 2


def test_a_deleted_answer_may_come_back() -> None:
    log = [answer(), answer(revision=2, op="DELETE"), answer(revision=3, value_number=7.0)]
    tables = folded(log_of(log, timestamp_ms=NOW_MS), chunk=2)
    assert scores(tables, "nps.relational") == {7: 1}


def test_of_one_revision_the_first_in_the_log_counts() -> None:
    log = [answer(value_number=9.0), answer(value_number=2.0)]
    tables = folded(log_of(log, timestamp_ms=NOW_MS), chunk=8)
    assert scores(tables, "nps.relational") == {9: 1}
    assert tables.fates()["duplicate"] == 1


def test_a_rejected_revision_changes_nothing() -> None:
    log = [answer(), answer(revision=2, value_number=77.0), answer(revision=2, value_number=0.0)]
    tables = folded(log_of(log, timestamp_ms=NOW_MS), chunk=8)
    assert tables.rejects == {1: "score_out_of_range"}
    assert scores(tables, "nps.relational") == {0: 1}


@settings(deadline=None, max_examples=80)
@given(data=st.data(), chunk=st.sampled_from([4, 8]))
def test_the_order_of_the_log_does_not_matter(data: st.DataObject, chunk: int) -> None:
    drawn = data.draw(st.lists(answers(), max_size=20))
    # One content for each revision: which of two contents is first is the order's to say.
    whole = {(record["response_id"], record["revision"]): record for record in drawn}
    copies = [whole[record["response_id"], record["revision"]] for record in drawn]
    expected = oracle.counts(log_of(copies, timestamp_ms=BROKER_MS))
    log: list[Decoded] = log_of(data.draw(st.permutations(copies)), timestamp_ms=BROKER_MS)
    tables = folded(log, chunk=chunk)
    assert tables.counts() == expected
    assert tables.fates()["accepted"] == len({name for name, _ in whole})


def test_a_cell_is_a_minute_of_event_time() -> None:
    minute = NOW_MS // 60_000 * 60_000
    log = [
        answer(response_id=f"r{moment}", responded_at=moment)
        for moment in (minute - 1, minute, minute + 59_999, minute + 60_000)
    ]
    tables = folded(log_of(log, timestamp_ms=BROKER_MS), chunk=8)
    starts = Counter[int]()
    for cell, n in tables.counts().items():
        if cell.measure == "answers":
            starts[cell.slice_ms] += n
    assert starts == {minute - 60_000: 1, minute: 2, minute + 60_000: 1}


def test_dimensions_are_those_the_measure_declares_in_its_order() -> None:
    log = log_of([answer(touchpoint=None, journey_stage="buy")], timestamp_ms=NOW_MS)
    series = ("s1", "q1", "", "EMAIL", "buy", "", "", "", "")
    minute = NOW_MS // 60_000 * 60_000
    assert folded(log, chunk=8).counts() == {
        Cell("nps.relational", oracle.NAMES, series, minute, 9): 1,
        Cell("nps.relational.customers", oracle.NAMES, series, minute, 9): 1,
        Cell("answers", oracle.NAMES, series, minute, 0): 1,
    }
