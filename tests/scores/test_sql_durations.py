"""Buckets of durations in SQL: exactly those of Python."""

from __future__ import annotations

import random

import pytest

from streams.scores.duration_buckets import EDGES, LARGEST_MS, bounds_of, bucket_of, value_of
from tests.scores import edge_table
from tests.scores.engine import FILES, Query

USED = [bucket for bucket in range(len(EDGES)) if bucket == 0 or EDGES[bucket - 1] < EDGES[bucket]]


@pytest.mark.parametrize("kind", ["Int32", "UInt16", "Int64", "Nullable(Int64)"])
def test_bounds_and_values(query: Query, kind: str) -> None:
    rows = query(f"""
        SELECT b, earshot_duration_low(b), earshot_duration_high(b), earshot_duration_value(b)
        FROM (SELECT CAST(arrayJoin({USED}) AS {kind}) AS b)""")
    assert [(low, high) for _, low, high, _ in rows] == [bounds_of(bucket) for bucket in USED]
    values = [value_of(bucket) for bucket in USED]
    assert [value for *_, value in rows] == pytest.approx(values, rel=1e-9, abs=0)


@pytest.mark.parametrize("kind", ["UInt64", "Int64", "Nullable(Int64)"])
def test_buckets(query: Query, kind: str) -> None:
    rng = random.Random(5)
    some = {edge + step for edge in EDGES for step in (-1, 0, 1)} - {-1}
    some |= {rng.randrange(LARGEST_MS) for _ in range(2000)} | {10**18}
    ordered = sorted(some)
    rows = query(f"""
        SELECT earshot_duration_bucket(ms)
        FROM (SELECT CAST(arrayJoin({ordered}) AS {kind}) AS ms)""")
    assert [bucket for (bucket,) in rows] == [bucket_of(ms) for ms in ordered]


def test_every_ms_of_a_quarter_of_an_hour(query: Query) -> None:
    rows = query("""
        SELECT bucket, min(number), max(number)
        FROM (SELECT number, earshot_duration_bucket(number) AS bucket FROM numbers(1000001))
        GROUP BY bucket ORDER BY bucket""")
    last = bucket_of(10**6)
    expected = [[bucket, *bounds_of(bucket)] for bucket in USED if bucket < last]
    assert rows == [*expected, [last, bounds_of(last)[0], 10**6]]


def test_no_duration_has_no_bucket(query: Query) -> None:
    sql = "SELECT earshot_duration_bucket(ms) FROM values('ms Nullable(Int64)', (NULL), (-1))"
    assert query(sql) == [[None], [None]]


def test_the_table_of_edges_is_the_computed_one() -> None:
    text = "".join(file.read_text(encoding="utf-8") for file in FILES)
    assert edge_table.literal() in text, (
        "write the output of python -m tests.scores.edge_table into earshot_duration_edge"
    )
    assert f"least(ms, {LARGEST_MS})" in text
    assert f"range({len(EDGES)})" in text
