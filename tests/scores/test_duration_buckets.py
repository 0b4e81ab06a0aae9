"""Every duration is in one bucket, and the bucket stands for it within one percent."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.scores.duration_buckets import EDGES, LARGEST_MS, bounds_of, bucket_of, value_of

USED = [bucket for bucket in range(len(EDGES)) if bucket == 0 or EDGES[bucket - 1] < EDGES[bucket]]
MILLION = 10**6
durations = st.integers(0, 10**4) | st.integers(0, 10**9) | st.integers(0, LARGEST_MS)


def test_every_ms_of_a_quarter_of_an_hour_is_in_exactly_one_bucket() -> None:
    found = [bucket_of(ms) for ms in range(MILLION + 1)]
    assert found == sorted(found)
    for bucket in set(found[:-1]) - {found[-1]}:
        low, high = bounds_of(bucket)
        assert found.index(bucket, max(0, low - 1)) == low
        assert found[high] == bucket
        assert found[high + 1] > bucket


def test_the_buckets_join_without_gap_or_overlap() -> None:
    bounds = [bounds_of(bucket) for bucket in USED]
    assert bounds[0] == (0, 0)
    assert all(high + 1 == low for (_, high), (low, _) in pairwise(bounds))
    assert bounds[-1][0] <= LARGEST_MS <= bounds[-1][1]


def test_the_edges_are_the_powers_of_gamma_rounded_down() -> None:
    gamma = Fraction(101, 99)
    for bucket in (1, 2, 36, 100, 756, 1200, len(EDGES) - 1):
        power = gamma ** (bucket - 1)
        assert EDGES[bucket] == power.numerator // power.denominator
        assert EDGES[bucket] <= power < EDGES[bucket] + 1


@given(ms=durations)
@settings(max_examples=300, deadline=None)
def test_a_duration_is_within_its_bucket_and_within_one_percent_of_its_value(ms: int) -> None:
    bucket = bucket_of(ms)
    low, high = bounds_of(bucket)
    assert low <= ms <= high
    assert abs(Fraction(value_of(bucket)) - ms) <= ms * Fraction(1, 100) * (1 + Fraction(1, 10**12))


@given(one=durations, other=durations)
@settings(max_examples=200, deadline=None)
def test_longer_durations_are_never_in_lower_buckets(one: int, other: int) -> None:
    one, other = sorted((one, other))
    assert bucket_of(one) <= bucket_of(other)
    assert value_of(bucket_of(one)) <= value_of(bucket_of(other))


def test_short_durations_are_exact() -> None:
    assert [value_of(bucket_of(ms)) for ms in range(45)] == list(map(float, range(45)))


def test_what_is_longer_than_all_buckets_counts_as_the_last() -> None:
    assert bucket_of(10**18) == bucket_of(LARGEST_MS) == len(EDGES) - 1


def test_a_negative_duration_is_refused() -> None:
    with pytest.raises(ValueError, match="-1 ms is negative"):
        bucket_of(-1)


@pytest.mark.parametrize("bucket", [-1, 2, 35, len(EDGES)])
def test_a_bucket_no_duration_falls_in_is_refused(bucket: int) -> None:
    for look_up in (bounds_of, value_of):
        with pytest.raises(ValueError, match=f"Bucket {bucket} is not one of a duration"):
            look_up(bucket)
