"""Judging: every reason has a record that triggers it, and nothing of the record leaks."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.catalog import INPUTS
from streams.fold.judging import Rules, check, measure_of
from streams.fold.kinds import KINDS
from streams.fold.rejection import REASONS
from tests.builders import NOW_MS, answer, record_for
from tests.fold.model import MEASURES
from tests.fold.test_asking import ASKING
from tests.fold.test_decoding import CASES as DECODING

RULES = Rules(MEASURES, clock_skew_ms=300_000)
TOPICS = [topic.name for topic in INPUTS]
Y1990 = 631_152_000_000
Y2200 = 7_258_118_400_000


def reason(record: dict[str, Any], topic: str = TOPICS[0], at: int = NOW_MS) -> str | None:
    verdict = check(topic, record, at, RULES)
    return verdict and verdict.reason


#: Reason -> what makes a good answer end in it.
CASES: dict[str, list[dict[str, Any]]] = {
    "missing_identity": [{"source": ""}, {"response_id": ""}, {"question_id": ""}],
    "bad_revision": [{"revision": 0}, {"revision": -1}, {"revision": -(2**63)}],
    "unknown_symbol": [{"metric": "UNKNOWN"}, {"op": "UNKNOWN"}],
    "future_dated": [{"responded_at": NOW_MS + 300_001}],
    "time_out_of_range": [
        {"responded_at": 0},
        {"responded_at": Y1990 - 1},
        {"responded_at": Y2200},
        {"responded_at": -(2**63)},
        {"responded_at": 2**63 - 1},
        {"invited_at": 1},
        {"opened_at": Y2200},
        {"started_at": -1},
        {"updated_at": NOW_MS * 1000},  # microseconds
    ],
    "no_measure": [
        {"scale_max": 11},
        {"scale_min": 1},
        {"scale_min": None},
        {"scale_max": None},
        {"higher_is_better": False},
        {"survey_kind": "OTHER"},
        {"survey_kind": "UNKNOWN"},
        {"metric": "RATING"},
        {"metric": "CSAT", "scale_min": 1, "scale_max": 10_000},
        {"metric": "CES_LEGACY", "scale_min": 1, "scale_max": 5, "value_number": 3.0},
        {"op": "DELETE", "scale_max": 11},
        {"dismissed": True, "scale_max": 11},
    ],
    "missing_score": [{"value_number": None}, {"value_number": None, "op": "UPDATE"}],
    "score_not_whole": [
        {"value_number": v} for v in (8.5, math.nan, math.inf, -math.inf, 5e-324, 9.999999999)
    ],
    "score_out_of_range": [{"value_number": v} for v in (-1.0, 11.0, 1e300, -1e300)],
}


def test_every_reason_has_a_case() -> None:
    # What ClickHouse refuses is no record's fault: tests/worker/test_intake.py.
    outside = {"refused_by_clickhouse"}
    assert CASES.keys() | DECODING.keys() | ASKING.keys() | outside == REASONS.keys()


@pytest.mark.parametrize(
    ("expected", "change"),
    [(reason, change) for reason, changes in CASES.items() for change in changes],
    ids=str,
)
def test_one_change_triggers_exactly_its_reason(expected: str, change: dict[str, Any]) -> None:
    assert reason(answer()) is None
    assert reason(answer(**change)) == expected


@pytest.mark.parametrize(
    "change",
    [
        {"value_number": 0.0},
        {"value_number": -0.0},
        {"value_number": 10.0},
        {"revision": 2**63 - 1},
        {"responded_at": NOW_MS + 300_000},
        {"responded_at": Y1990},
        {"invited_at": Y1990, "updated_at": Y2200 - 1},
        {"op": "DELETE", "value_number": None},
        {"op": "DELETE", "value_number": 77.0},
        {"dismissed": True, "value_number": None},
        {"metric": "TEXT", "scale_min": None, "scale_max": None, "value_number": None},
        {"metric": "CHOICE", "value_number": math.nan},
        {"metric": "CSAT", "scale_min": 1, "scale_max": 5, "value_number": 5.0, "survey_kind": "UNKNOWN"},
        {"customer_id": None, "anonymous_id": None},
        {"channel": "UNKNOWN"},
    ],
    ids=str,
)  # fmt: skip
def test_bounds_belong_to_the_good_side(change: dict[str, Any]) -> None:
    assert reason(answer(**change)) is None


@pytest.mark.parametrize("topic", TOPICS)
def test_every_topic_is_judged_by_its_own_fields(topic: str) -> None:
    kind = KINDS[topic]
    assert reason(record_for(topic), topic) is None
    for field in kind.identity:
        assert reason(record_for(topic, **{field: ""}), topic) == "missing_identity"
    assert reason(record_for(topic, **{kind.symbol: "UNKNOWN"}), topic) == "unknown_symbol"
    late = record_for(topic, **{kind.time: NOW_MS + 300_001})
    assert reason(late, topic) == "future_dated"
    for field in kind.times:
        assert reason(record_for(topic, **{field: Y2200}), topic) == "time_out_of_range"
        # Only the event's own time is compared with the broker's.
        assert reason(record_for(topic, **{field: NOW_MS + 10**9}), topic) is None


def test_the_broker_timestamp_decides_what_the_future_is() -> None:
    ahead = answer(responded_at=NOW_MS + 300_001)
    assert reason(ahead, at=NOW_MS) == "future_dated"
    assert reason(ahead, at=NOW_MS + 1) is None
    # Long past or far ahead of every wall clock: the verdict is the same.
    assert reason(answer(responded_at=Y1990), at=Y1990) is None
    assert reason(answer(responded_at=Y2200 - 1), at=Y2200) is None
    assert reason(answer(responded_at=Y1990 + 1_000_000), at=Y1990) == "future_dated"
    assert reason(answer(), at=-1) == "future_dated"


SECRET = "Zq7-secret"
_TEXTS = [name for name, value in answer().items() if isinstance(value, str) or value is None]
_LEAKS = st.fixed_dictionaries(
    {},
    optional={
        name: st.just(SECRET)
        for name in _TEXTS
        if name not in ("metric", "op", "survey_kind", "channel")
        and not name.endswith("_at")
        and name not in ("survey_version", "value_number", "time_to_complete_ms")
    },
)


@settings(deadline=None, max_examples=60)
@given(texts=_LEAKS, cases=st.sampled_from([c for changes in CASES.values() for c in changes]))
def test_details_hold_no_text_score_or_time_of_the_record(
    texts: dict[str, str], cases: dict[str, Any]
) -> None:
    record = answer(**(texts | cases))
    verdict = check(TOPICS[0], record, NOW_MS, RULES)
    assert verdict is not None
    assert SECRET not in verdict.detail
    for name in ("value_number", "responded_at", "revision", "invited_at"):
        value = cases.get(name)
        if value not in (None, 0, 1, -1, 0.0, -1.0, 11.0):  # short numbers stand in any sentence
            assert str(value) not in verdict.detail


def test_a_verdict_is_one_line_of_plain_text() -> None:
    for changes in CASES.values():
        for change in changes:
            verdict = check(TOPICS[0], answer(**change), NOW_MS, RULES)
            assert verdict is not None
            assert verdict.detail.isprintable()
            assert len(verdict.detail) < 200
            json.dumps(verdict.detail)


def test_a_measure_takes_only_its_own_scale_direction_and_survey() -> None:
    found = measure_of(answer(), MEASURES)
    assert found is not None
    assert found.name == "nps.relational"
    assert measure_of(answer(scale_min=None), MEASURES) is None
    assert measure_of(answer(higher_is_better=False), MEASURES) is None
