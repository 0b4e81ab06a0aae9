"""The arithmetic that is shown comes to the value that was computed."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.measures import Measure, Score
from streams.explaining.amounts import amount, duration
from streams.explaining.buckets import bucket_lines
from streams.explaining.formulas import INTERVALS, formula
from streams.scores import Thresholds, adjusted_wald, evaluate, student_t, wilson
from streams.scores.duration_buckets import bounds_of, bucket_of
from streams.scores.order_statistics import quantile_ranks

THRESHOLDS = Thresholds()

NET = Score("nps", "net", "points", "", top=(4, 5), bottom=(1, 2))
SHARE = Score("top", "share", "%", "", top=(5, 5))
PART = Score("part", "share", "%", "", top=(5, 5), base=(4, 5))
MEAN = Score("mean", "mean", "points", "")
MEDIAN = Score("median", "quantile", "points", "", q=0.5)
P90 = Score("p90", "quantile", "s", "", q=0.9)
COUNT = Score("count", "count", "records", "")

SCALED = Measure("m", "feedback.responses", "", "", (), (), metric="CSAT", scale=(1, 5))
TIMED = Measure("t", "feedback.interactions", "", "", (), (), fact="next_reply.calendar")


def shown(measure: Measure, score: Score, counts: dict[int, int]) -> tuple[str, str]:
    """Return the formula of a score, and its value as text."""
    result = evaluate(score, counts, measure.scale, THRESHOLDS, duration=measure.is_duration)
    text = formula(measure, score, counts, result, THRESHOLDS.confidence)
    return text, amount(measure, score, result.value)


@given(st.dictionaries(st.integers(1, 5), st.integers(0, 50)), st.sampled_from([NET, SHARE, PART]))
@settings(deadline=None)
def test_the_numbers_of_shares_come_to_the_value(counts: dict[int, int], score: Score) -> None:
    text, value = shown(SCALED, score, counts)
    if not value:
        assert text.endswith("= NULL, because n = 0 (empty)")
        return
    general, numbers, last = text.split(" = ")
    assert last == value
    assert amount(SCALED, score, eval(numbers)) == value
    # The general formula over the counts themselves says the same.
    names = {"n": sum(counts.values())}

    def boxed(match: re.Match[str]) -> str:
        low, _, high = match[1].partition("..")
        inside = range(int(low), int(high or low) + 1)
        return str(sum(counts.get(bucket, 0) for bucket in inside))

    general = re.sub(r"n\[([0-9.]+)\]", boxed, general)
    assert amount(SCALED, score, eval(general, {}, names)) == value


@given(st.dictionaries(st.integers(1, 5), st.integers(1, 50), min_size=1))
@settings(deadline=None)
def test_the_sum_of_a_mean_comes_to_the_value(counts: dict[int, int]) -> None:
    text, value = shown(SCALED, MEAN, counts)
    _, numbers, last = text.split(" = ")
    total, n = numbers.split(" / ")
    assert int(total) == sum(bucket * answers for bucket, answers in counts.items())
    assert amount(SCALED, MEAN, int(total) / int(n)) == last == value


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=40))
@settings(deadline=None)
def test_a_mean_of_durations(waits: list[int]) -> None:
    counts: dict[int, int] = {}
    for ms in waits:
        counts[bucket_of(ms)] = counts.get(bucket_of(ms), 0) + 1
    text, value = shown(TIMED, MEAN, counts)
    found = re.search(r" = ([0-9.]+) s / ([0-9]+) = ([0-9.]+) s = (.*)$", text)
    assert found is not None
    assert float(found[3]) == pytest.approx(float(found[1]) / int(found[2]), abs=0.001)
    # A percent for the bucket, and half a millisecond for the last digit.
    off_s = 0.0101 * sum(waits) / 1000 + 0.0006
    assert float(found[1]) == pytest.approx(sum(waits) / 1000, rel=0, abs=off_s)
    assert (int(found[2]), found[4]) == (len(waits), value)


def test_a_quantile_names_the_answer_and_its_bounds() -> None:
    counts = {5: 40, 1: 30, 3: 30}
    text, _ = shown(SCALED, MEDIAN, counts)
    assert text == (
        "answer number ceil(0.5 * n), by size = number 50 of 100 = bucket 3 = 3; "
        "bounds: number 41 and number 60"
    )
    text, value = shown(TIMED, P90, {bucket_of(3_600_000): 3})
    assert value == "59 min 38 s"
    assert text.endswith("number 3 of 3 = bucket 756 = 59 min 38 s; bounds: number 2 and none")


def test_a_count_is_the_count() -> None:
    measure = Measure("c", "feedback.followups", "", "", (), ())
    assert shown(measure, COUNT, {0: 1234}) == ("n = 1,234", "1,234")


def test_a_suppressed_value_shows_no_numbers() -> None:
    few = Thresholds(n_privacy=5)
    result = evaluate(NET, {5: 3}, (1, 5), few)
    text = formula(SCALED, NET, {5: 3}, result, 0.95)
    assert text == "100 * (n[4..5] - n[1..2]) / n = NULL, because n = 3 (suppressed)"


def test_every_interval_has_the_source_of_its_own_code() -> None:
    code = {
        "adjusted_wald": adjusted_wald,
        "wilson": wilson,
        "student_t": student_t,
        "order_statistics": quantile_ranks,
    }
    assert INTERVALS.keys() == code.keys() | {"exact"}
    for method, function in code.items():
        assert INTERVALS[method].source in (function.__doc__ or "")  # type: ignore[index]  # any method is tried


@given(st.floats(0, 1e9))
def test_a_duration_is_said_within_a_percent_or_its_last_digit(seconds: float) -> None:
    units = {"ms": 0.001, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86_400.0}
    parts = re.findall(r"([0-9.,]+) (ms|s|min|h|d)", duration(seconds))
    said = sum(float(number.replace(",", "")) * units[unit] for number, unit in parts)
    off = {"ms": 0.0006, "s": 0.6, "min": 31.0, "h": 1801.0}
    assert abs(said - seconds) <= off[parts[-1][1]]
    assert len(parts) <= 2
    if len(parts) == 2:  # 1 h 60 min would be wrong
        limits = {"s": 60, "min": 60, "h": 24}
        assert float(parts[1][0]) < limits[parts[1][1]]


@given(st.lists(st.integers(0, 10**10), min_size=1, max_size=200))
@settings(deadline=None, max_examples=50)
def test_ranges_hold_every_duration_once(waits: list[int]) -> None:
    counts: dict[int, int] = {}
    for ms in waits:
        counts[bucket_of(ms)] = counts.get(bucket_of(ms), 0) + 1
    lines = bucket_lines(counts, durations=True)
    assert len(lines) <= 24
    assert sum(n for _, n in lines) == len(waits)
    assert all(n for _, n in lines)
    first, last = bounds_of(min(counts))[0], bounds_of(max(counts))[1]
    assert lines[0][0].startswith(duration(first / 1000))
    assert lines[-1][0].endswith(duration(last / 1000))
