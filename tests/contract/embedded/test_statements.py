"""What the server reads out of a statement's text."""

from __future__ import annotations

import pytest

from sinks.embedded.columns import split_arguments
from sinks.embedded.statements import read_statement


@pytest.mark.parametrize(
    ("sql", "kept", "name"),
    [
        ("SELECT 1 FORMAT JSON", "SELECT 1", "JSON"),
        ("SELECT 1 format TSV SETTINGS a = 1;", "SELECT 1   SETTINGS a = 1;", "TSV"),
        ("SELECT 'x FORMAT JSON'", "SELECT 'x FORMAT JSON'", None),
        (
            "SELECT format('{}', 1) AS format FROM t",
            "SELECT format('{}', 1) AS format FROM t",
            None,
        ),
        ("SELECT 1 -- FORMAT CSV", "SELECT 1 -- FORMAT CSV", None),
        ("SELECT * FROM format(CSV, '1')", "SELECT * FROM format(CSV, '1')", None),
        ("SELECT 1 INTO OUTFILE 'f' TRUNCATE FORMAT CSV", "SELECT 1", "CSV"),
    ],
)
def test_format_is_taken_off_the_end_only(sql: str, kept: str, name: str | None) -> None:
    found = read_statement(sql)
    assert (found.sql.strip(), found.format) == (kept, name)


@pytest.mark.parametrize(
    ("sql", "head", "target", "names", "rest"),
    [
        ("INSERT INTO t VALUES", "INSERT INTO t ", "t", None, ""),
        ("insert into a.`b c` (x, `y)`) format CSV 1,2", "insert into a.`b c` (x, `y)`) ",
         "a.`b c`", "x, `y)`", " 1,2"),
        ("INSERT INTO TABLE FUNCTION file('values', 'CSV') (a) VALUES (1)",
         "INSERT INTO TABLE FUNCTION file('values', 'CSV') (a) ", "file('values', 'CSV')", "a", " (1)"),
        ("/* VALUES */ INSERT INTO t (a) SETTINGS x = 1 VALUES (';')",
         "/* VALUES */ INSERT INTO t (a) SETTINGS x = 1 ", "t", "a", " (';')"),
    ],
)  # fmt: skip
def test_an_insert_is_parted_from_its_data(
    sql: str, head: str, target: str, names: str | None, rest: str
) -> None:
    found = read_statement(sql).insert
    assert found is not None
    assert (found.sql, found.target, found.names) == (head, target, names)
    assert sql[found.data_at :] == rest


@pytest.mark.parametrize(
    "sql",
    ["INSERT INTO t SELECT 1", "INSERT INTO t (a) WITH 1 AS x SELECT x FORMAT Null", "SELECT 1"],
)
def test_an_insert_from_a_select_has_no_data(sql: str) -> None:
    assert read_statement(sql).insert is None


def test_arguments_of_a_type_are_split_outside_quotes_and_brackets() -> None:
    assert split_arguments("a Array(Tuple(x Int8, y Int8)), 'b, (c' = 1, `d,` String") == [
        "a Array(Tuple(x Int8, y Int8))",
        "'b, (c' = 1",
        "`d,` String",
    ]
