"""The SQL functions against Python, in ClickHouse's own engine."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

import pytest
from scipy import stats

from schemas.measures import Score
from streams.scores import ScoreValue, Thresholds, evaluate, t_quantile, z_quantile
from streams.scores.t_quantile import QUADRATURE_ORDER
from tests.scores import legendre_table
from tests.scores.engine import FILES, FOLDER, STATEMENTS, Query, Row, close
from tests.scores.samples import COUNT, CSAT_SCALE, MEAN, MEDIAN, NPS, NPS_SCALE, TOP_BOX
from tests.scores.test_golden import NETS, SHARES
from tests.scores.test_quantiles import LEVELS, SOME_DF

TYPES = ("Int64", "UInt64", "Nullable(Int64)")
LEVELS_SQL = ", ".join(map(repr, LEVELS))


def values(rows: Sequence[Sequence[object]], types: str) -> str:
    """Return a table function with these rows."""
    return f"values('{types}', {', '.join(str(tuple(row)) for row in rows)})"


def triple(score: ScoreValue) -> list[object]:
    return [close(score.value), close(score.lower), close(score.upper)]


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
    return found, [triple(evaluate(score, counts, scale, thresholds)) for counts in found]


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
        (MEDIAN, CSAT_SCALE),
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
    assert query(sql) == [triple(expected)]


def test_the_quadrature_table_is_the_computed_one() -> None:
    rows = legendre_table.table(QUADRATURE_ORDER)
    arrays = [[row[column] for row in rows] for column in (0, 1)]
    expected = ",\n        ".join(map(legendre_table.literal, arrays))
    assert expected in FILES[0].read_text(encoding="utf-8"), (
        "write the output of python -m tests.scores.legendre_table into earshot_t_area"
    )


def test_the_file_may_be_applied_again(query: Query) -> None:
    for statement in STATEMENTS:
        query(statement)
    names = query("SELECT name FROM system.functions WHERE origin = 'SQLUserDefined'")
    assert len(names) == len(STATEMENTS)
    assert all(name.startswith("earshot_") for (name,) in names)


def test_every_function_is_documented() -> None:
    page = (FOLDER.parents[1] / "docs" / "statistics.md").read_text(encoding="utf-8")
    text = "".join(file.read_text(encoding="utf-8") for file in FILES)
    for statement in STATEMENTS:
        name = statement.split()[4]
        # What the page does not name is a part of others here, and no more.
        assert f"`{name}(" in page or len(re.findall(rf"\b{name}\(", text)) > 0, (
            f"{name} is neither used in {FOLDER} nor in docs/statistics.md"
        )
    for name in re.findall(r"`(earshot_\w+)\(", page):
        assert f"FUNCTION {name} AS" in text, f"docs/statistics.md names {name}, which is not there"
