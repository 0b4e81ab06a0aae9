"""The SQL functions against Python, in ClickHouse's own engine."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from scipy import stats

import sinks
from schemas.measures import Score
from sinks.migrations import Migration
from streams.scores import ScoreValue, Thresholds, evaluate, t_quantile, z_quantile
from streams.scores.t_quantile import QUADRATURE_ORDER
from tests.scores import legendre_table
from tests.scores.engine import Query, Row, engine
from tests.scores.samples import COUNT, CSAT_SCALE, MEAN, NPS, NPS_SCALE, TOP_BOX
from tests.scores.test_golden import NETS, SHARES
from tests.scores.test_quantiles import LEVELS, SOME_DF

FILE = Path(str(sinks.__path__[0])) / "sql" / "0001_functions.sql"
STATEMENTS = Migration(1, "functions", FILE.read_text(encoding="utf-8")).statements("earshot")
TYPES = ("Int64", "UInt64", "Nullable(Int64)")
LEVELS_SQL = ", ".join(map(repr, LEVELS))


@pytest.fixture(scope="module")
def query() -> Iterator[Query]:
    with engine() as run:
        for statement in STATEMENTS:
            run(statement)
        yield run


def values(rows: Sequence[Sequence[object]], types: str) -> str:
    """Return a table function with these rows."""
    return f"values('{types}', {', '.join(str(tuple(row)) for row in rows)})"


def close(expected: Sequence[float | None]) -> list[object]:
    """Return what equals rows of SQL: to 1e-9, and NULL only where Python has None."""
    return [
        None if number is None else pytest.approx(number, rel=1e-9, abs=1e-9) for number in expected
    ]


def triple(score: ScoreValue) -> list[float | None]:
    return [score.value, score.lower, score.upper]


def histograms(scale: tuple[int, int]) -> list[dict[int, int]]:
    """The edges, and random counts from single answers to billions."""
    rng = random.Random(20)
    buckets = range(scale[0], scale[1] + 1)
    found: list[dict[int, int]] = [
        {},
        {scale[0]: 1},
        {scale[1]: 1},
        {scale[1]: 2},
        {scale[0]: 10**9},
    ]
    found.append({scale[0]: 1, scale[1]: 10**9})
    for _ in range(150):
        most = 10 ** rng.randint(0, 9)
        some = rng.sample(buckets, rng.randint(1, len(buckets)))
        found.append({bucket: rng.randint(0, most) for bucket in some})
    return found


def in_box(counts: dict[int, int], box: tuple[int, int] | None) -> int:
    assert box is not None
    return sum(n for bucket, n in counts.items() if box[0] <= bucket <= box[1])


def evaluated(
    score: Score, scale: tuple[int, int], confidence: float
) -> tuple[list[dict[int, int]], list[list[object]]]:
    found = histograms(scale)
    thresholds = Thresholds(confidence=confidence)
    return found, [close(triple(evaluate(score, counts, scale, thresholds))) for counts in found]


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("confidence", [0.8, 0.9, 0.95, 0.99])
def test_net_scores(query: Query, kind: str, confidence: float) -> None:
    found, expected = evaluated(NPS, NPS_SCALE, confidence)
    rows = [(in_box(c, NPS.top), in_box(c, NPS.bottom), sum(c.values())) for c in found]
    z = z_quantile(confidence)
    sql = f"""
        SELECT earshot_net(p, d, n), earshot_adjusted_wald_lower(p, d, n, {z!r}),
               earshot_adjusted_wald_upper(p, d, n, {z!r})
        FROM {values(rows, f"p {kind}, d {kind}, n {kind}")}"""
    assert query(sql) == expected


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("confidence", [0.8, 0.9, 0.95, 0.99])
def test_shares(query: Query, kind: str, confidence: float) -> None:
    found, expected = evaluated(TOP_BOX, CSAT_SCALE, confidence)
    rows = [(in_box(counts, TOP_BOX.top), sum(counts.values())) for counts in found]
    z = z_quantile(confidence)
    sql = f"""
        SELECT earshot_share(k, n), earshot_wilson_lower(k, n, {z!r}), earshot_wilson_upper(k, n, {z!r})
        FROM {values(rows, f"k {kind}, n {kind}")}"""
    assert query(sql) == expected


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("confidence", [0.8, 0.9, 0.95, 0.99])
def test_means(query: Query, kind: str, confidence: float) -> None:
    found, expected = evaluated(MEAN, CSAT_SCALE, confidence)
    rows = [
        (
            sum(counts.values()),
            sum(bucket * n for bucket, n in counts.items()),
            sum(bucket * bucket * n for bucket, n in counts.items()),
        )
        for counts in found
    ]
    sql = f"""
        SELECT earshot_mean(n, total), earshot_student_t_lower(n, total, squares, 1, {confidence}),
               earshot_student_t_upper(n, total, squares, 5, {confidence})
        FROM {values(rows, f"n {kind}, total {kind}, squares {kind}")}"""
    assert query(sql) == expected


def test_the_ends_of_a_share_are_exact(query: Query) -> None:
    sql = """
        SELECT countIf(earshot_wilson_lower(0, n, 1.96) != 0),
               countIf(earshot_wilson_upper(n, n, 1.96) != 100)
        FROM (SELECT number + 1 AS n FROM numbers(1000))"""
    assert query(sql) == [[0, 0]]


def test_golden_values(query: Query) -> None:
    for promoters, detractors, n, expected in NETS:
        boxes = f"{promoters}, {detractors}, {n}"
        ends = f"earshot_adjusted_wald_lower({boxes}, z), earshot_adjusted_wald_upper({boxes}, z)"
        rows = query(f"SELECT earshot_net({boxes}), {ends} FROM (SELECT earshot_z(0.95) AS z)")
        assert rows == [[pytest.approx(number, abs=0.005) for number in expected]]
    for k, n, expected in SHARES:
        ends = f"earshot_wilson_lower({k}, {n}, z), earshot_wilson_upper({k}, {n}, z)"
        rows = query(f"SELECT earshot_share({k}, {n}), {ends} FROM (SELECT earshot_z(0.95) AS z)")
        assert rows == [[pytest.approx(number, abs=0.005) for number in expected]]


def test_t_is_pythons_and_scipys_for_any_df_and_confidence(query: Query) -> None:
    rows = query(f"""
        SELECT df, confidence, earshot_t(df, confidence)
        FROM (SELECT arrayJoin({list(SOME_DF)}) AS df, arrayJoin([{LEVELS_SQL}]) AS confidence)""")
    assert len(rows) == len(SOME_DF) * len(LEVELS)
    for df, confidence, t in rows:
        assert t == pytest.approx(t_quantile(df, confidence), rel=1e-9, abs=0), (df, confidence)
        tail = (1 - confidence) / 2
        assert t == pytest.approx(float(stats.t.isf(tail, df)), rel=1e-9, abs=0), (df, confidence)


def test_z_is_pythons(query: Query) -> None:
    rows: list[Row] = query(f"SELECT arrayJoin([{LEVELS_SQL}]) AS c, earshot_z(c)")
    assert [z for _, z in rows] == pytest.approx([z_quantile(c) for c in LEVELS], rel=1e-9, abs=0)


def test_quantiles_are_null_where_there_is_none(query: Query) -> None:
    sql = "SELECT earshot_t(df, 0.95) FROM values('df Nullable(Int64)', (NULL), (-1), (0))"
    assert query(sql) == [[None], [None], [None]]
    sql = "SELECT earshot_z(c), earshot_t(3, c) FROM values('c Nullable(Float64)', (NULL), (0.5))"
    assert query(sql) == [[None, None], [None, None]]


def test_statuses(query: Query) -> None:
    for n_privacy, n_stat in ((1, 30), (5, 30), (50, 10)):
        thresholds = Thresholds(n_privacy, n_stat)
        rows = query(
            f"SELECT number, earshot_status(number, {n_privacy}, {n_stat}) FROM numbers(60)"
        )
        assert rows == [[n, thresholds.status(n)] for n in range(60)]
    assert query("SELECT earshot_status(NULL::Nullable(Int64), 1, 30)") == [["empty"]]


def test_methods(query: Query) -> None:
    for score, scale in (
        (NPS, NPS_SCALE),
        (TOP_BOX, CSAT_SCALE),
        (MEAN, CSAT_SCALE),
        (COUNT, None),
    ):
        method = evaluate(score, {}, scale, Thresholds()).method
        assert query(f"SELECT earshot_method('{score.kind}')") == [[method]]


def test_integer_sums_do_not_overflow(query: Query) -> None:
    # n * squares is beyond 64 bits: 4e9 answers, half of them 1 and half of them 5
    half = 2 * 10**9
    expected = evaluate(MEAN, {1: half, 5: half}, CSAT_SCALE, Thresholds())
    arguments = f"{2 * half}, {6 * half}, {26 * half}"
    sql = f"""
        SELECT earshot_mean({2 * half}, {6 * half}), earshot_student_t_lower({arguments}, 1, 0.95),
               earshot_student_t_upper({arguments}, 5, 0.95)"""
    assert query(sql) == [close(triple(expected))]


def test_the_quadrature_table_is_the_computed_one() -> None:
    rows = legendre_table.table(QUADRATURE_ORDER)
    arrays = [[row[column] for row in rows] for column in (0, 1)]
    expected = ",\n        ".join(map(legendre_table.literal, arrays))
    assert expected in FILE.read_text(encoding="utf-8"), (
        "write the output of python -m tests.scores.legendre_table into earshot_t_area"
    )


def test_the_file_may_be_applied_again(query: Query) -> None:
    for statement in STATEMENTS:
        query(statement)
    names = query("SELECT name FROM system.functions WHERE origin = 'SQLUserDefined'")
    assert len(names) == len(STATEMENTS)
    assert all(name.startswith("earshot_") for (name,) in names)


def test_every_function_is_documented() -> None:
    page = (FILE.parents[2] / "docs" / "statistics.md").read_text(encoding="utf-8")
    inner = ("_centre", "_margin", "_solve", "_shape", "_area", "_start", "_ratio")
    for statement in STATEMENTS:
        name = statement.split()[4]
        assert name.endswith(inner) or f"`{name}(" in page, (
            f"{name} is missing in docs/statistics.md"
        )
