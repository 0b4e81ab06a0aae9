"""The single functions of differences, tests and correlations in SQL: those of Python."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from scipy import stats

from streams.scores import difference_methods as methods
from streams.scores import p_of_t, p_of_z, relative_risk, z_quantile
from streams.scores.correlation import pearson_bounds
from streams.scores.histogram import Boxes
from tests.scores.engine import Query, close

Z = z_quantile(0.95)


def values(rows: Sequence[Sequence[float]], types: str) -> str:
    return f"values('{types}', {', '.join(str(tuple(row)) for row in rows)})"


def groups(seed: int) -> list[tuple[int, int, int, int]]:
    """Two groups: affected and size of each."""
    rng, found = random.Random(seed), [(0, 5, 0, 7), (5, 5, 7, 7), (1, 1, 0, 1), (0, 0, 2, 5)]
    for _ in range(150):
        n1, n2 = (rng.randint(1, 10 ** rng.randint(0, 7)) for _ in range(2))
        found.append((rng.randint(0, n1), n1, rng.randint(0, n2), n2))
    return found


def test_the_golden_difference(query: Query) -> None:
    sql = "SELECT earshot_net_difference_z({}), earshot_p_of_z(earshot_net_difference_z({}))"
    for boxes, z, significant in (
        ("500, 200, 1000, 440, 240, 1000", 2.825, True),
        ("50, 20, 100, 44, 24, 100", 0.883, False),
    ):
        ((found, p),) = query(sql.format(boxes, boxes))
        assert found == pytest.approx(z, abs=0.0005)
        assert (p < 0.05) == significant


def test_net_scores(query: Query) -> None:
    rows = [(k1, n1 - k1, n1, k2 // 2, n2 - k2, n2) for k1, n1, k2, n2 in groups(1) if n1]
    boxes = "t1, b1, n1, t2, b2, n2"
    found = query(f"""
        SELECT earshot_net_difference_lower({boxes}, {Z!r}), earshot_net_difference_upper({boxes}, {Z!r}),
               earshot_net_difference_z({boxes}), earshot_p_of_z(earshot_net_difference_z({boxes}))
        FROM {values(rows, "t1 Int64, b1 Int64, n1 Int64, t2 Int64, b2 Int64, n2 Int64")}""")
    for (t1, b1, n1, t2, b2, n2), row in zip(rows, found, strict=True):
        assert row == list(map(close, methods.net(Boxes(n1, t1, b1), Boxes(n2, t2, b2), Z)))


def test_shares(query: Query) -> None:
    rows = [row for row in groups(2) if row[1]]
    found = query(f"""
        SELECT earshot_share_difference_lower(k1, n1, k2, n2, {Z!r}),
               earshot_share_difference_upper(k1, n1, k2, n2, {Z!r}),
               earshot_share_difference_z(k1, n1, k2, n2)
        FROM {values(rows, "k1 Int64, n1 Int64, k2 Int64, n2 Int64")}""")
    for (k1, n1, k2, n2), row in zip(rows, found, strict=True):
        expected = methods.share(Boxes(n1, k1, 0), Boxes(n2, k2, 0), Z)
        assert row == list(map(close, expected[:3]))


def test_counts(query: Query) -> None:
    rows = [(k1, k2, 0.25) for k1, _, k2, _ in groups(3) if k1 + k2]
    found = query(f"""
        SELECT earshot_count_difference_lower(n1, n2, ratio, {Z!r}),
               earshot_count_difference_upper(n1, n2, ratio, {Z!r}), earshot_count_difference_z(n1, n2, ratio)
        FROM {values(rows, "n1 Int64, n2 Int64, ratio Float64")}""")
    for (n1, n2, ratio), row in zip(rows, found, strict=True):
        assert row == list(map(close, methods.count(n1, n2, ratio, Z)[:3]))


def test_nothing_is_compared_with_nothing(query: Query) -> None:
    sql = """
        SELECT earshot_net_difference_z(1, 0, 1, 0, 0, 0),
               earshot_net_difference_lower(1, 0, 1, 0, 0, 0, 1.96),
               earshot_net_difference_upper(1, 0, 1, 0, 0, 0, 1.96),
               earshot_share_difference_z(1, 1, 0, 0),
               earshot_share_difference_lower(1, 1, 0, 0, 1.96),
               earshot_share_difference_upper(1, 1, 0, 0, 1.96),
               earshot_mean_difference_df(1, 0.5, 9, 0.5), earshot_mean_difference_df(9, 0, 9, 0),
               earshot_mean_difference_t(1, 0, 2, 0), earshot_mean_difference_margin(1, 0.5, 9, 0.5, 0.95),
               earshot_count_difference_z(0, 0, 1), earshot_count_difference_lower(0, 0, 1, 1.96),
               earshot_count_difference_upper(0, 0, 1, 1.96)"""
    assert query(sql) == [[None] * 13]


def test_means(query: Query) -> None:
    rng = random.Random(4)
    rows = [
        (rng.randint(2, 10**4), rng.uniform(0, 9), rng.randint(2, 10**4), rng.uniform(0, 0.1))
        for _ in range(100)
    ]
    found = query(f"""
        SELECT earshot_mean_difference_df(n1, v1, n2, v2), earshot_mean_difference_t(5, v1, 4, v2),
               earshot_mean_difference_margin(n1, v1, n2, v2, 0.95)
        FROM {values(rows, "n1 Int64, v1 Float64, n2 Int64, v2 Float64")}""")
    for (n1, v1, n2, v2), (df, t, margin) in zip(rows, found, strict=True):
        assert df == pytest.approx(methods.welch_df(n1, v1, n2, v2), rel=1e-9)
        assert t == pytest.approx((v1 + v2) ** -0.5, rel=1e-9)
        expected = float(stats.t.isf(0.025, df)) * (v1 + v2) ** 0.5
        assert margin == pytest.approx(expected, rel=1e-4 if df < 2 else 1e-8)


def test_p_values(query: Query) -> None:
    rng = random.Random(6)
    rows = [(rng.uniform(-9, 9), rng.choice([1, 1.3, 2, 7.5, 30, 1e3, 1e6])) for _ in range(300)]
    found = query(f"""
        SELECT earshot_p_of_t(t, df), earshot_p_of_z(t) FROM {values(rows, "t Float64, df Float64")}""")
    for (t, df), (p_t, p_z) in zip(rows, found, strict=True):
        assert p_t == pytest.approx(p_of_t(t, df), rel=1e-9, abs=0)
        assert p_z == pytest.approx(p_of_z(t), rel=1e-9, abs=0)
    sql = """SELECT earshot_p_of_t(t, df) FROM values(
        't Nullable(Float64), df Nullable(Float64)', (NULL, 3), (1, NULL), (1, 0.5), (0, 3))"""
    assert query(sql) == [[None], [None], [None], [close(1.0)]]


def test_correlations(query: Query) -> None:
    rows = [(r / 10, n) for r in range(-10, 11) for n in (1, 3, 4, 5, 30, 10**6)]
    found = query(f"""
        SELECT earshot_pearson_lower(r, n, {Z!r}), earshot_pearson_upper(r, n, {Z!r})
        FROM {values(rows, "r Float64, n Int64")}""")
    for (r, n), row in zip(rows, found, strict=True):
        assert row == list(map(close, pearson_bounds(r, n, Z) or (None, None)))


def test_relative_risks(query: Query) -> None:
    rows = groups(5)
    found = query(f"""
        SELECT earshot_relative_risk(k1, n1, k2, n2), earshot_relative_risk_lower(k1, n1, k2, n2, {Z!r}),
               earshot_relative_risk_upper(k1, n1, k2, n2, {Z!r})
        FROM {values(rows, "k1 Int64, n1 Int64, k2 Int64, n2 Int64")}""")
    for row, risk in zip(found, [relative_risk(*group) for group in rows], strict=True):
        assert row == [close(risk.value), close(risk.lower), close(risk.upper)]


def test_p_values_of_many_looks_are_adjusted_by_a_window(query: Query) -> None:
    # the recipe of docs/statistics.md
    rng = random.Random(8)
    drawn = [rng.random() ** 3 for _ in range(50)]
    rows = query(f"""
        SELECT p, min(p * looks / rank) OVER (ORDER BY p DESC ROWS UNBOUNDED PRECEDING)
        FROM (SELECT p, count() OVER () AS looks, row_number() OVER (ORDER BY p) AS rank
              FROM values('p Float64', {", ".join(f"({p!r})" for p in drawn)}))
        ORDER BY p""")
    expected = stats.false_discovery_control(sorted(drawn)).tolist()
    assert [adjusted for _, adjusted in rows] == pytest.approx(expected, rel=1e-12)
