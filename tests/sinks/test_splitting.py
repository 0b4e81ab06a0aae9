"""Statements are split at semicolons, but not at those in comments and strings."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sinks.migrations import Migration, load


def split(text: str) -> list[str]:
    return Migration("0001_test", text).statements("shop")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT 1;\nSELECT 2;\n", ["SELECT 1", "SELECT 2"]),
        ("SELECT 1;\n\n\nSELECT 2", ["SELECT 1", "SELECT 2"]),
        ("SELECT 1; SELECT 2;", ["SELECT 1", "SELECT 2"]),
        ("SELECT 'a;b';", ["SELECT 'a;b'"]),
        ("SELECT 'a;\nb';", ["SELECT 'a;\nb'"]),
        ("SELECT 'it\\'s;\n', 2;", ["SELECT 'it\\'s;\n', 2"]),
        ("SELECT 'it''s;\n', 2;", ["SELECT 'it''s;\n', 2"]),
        ("SELECT 'x\\\\';\nSELECT 2;", ["SELECT 'x\\\\'", "SELECT 2"]),
        ("SELECT '-- no comment';", ["SELECT '-- no comment'"]),
        ("SELECT '\n-- no comment';", ["SELECT '\n-- no comment'"]),
        ("SELECT `a;b`, \"c;d\";", ["SELECT `a;b`, \"c;d\""]),
        ("-- one; two;\nSELECT 1;", ["SELECT 1"]),
        ("  -- it's one;\n  SELECT 1;", ["SELECT 1"]),
        ("SELECT 1; -- and; more\nSELECT 2;", ["SELECT 1", "SELECT 2"]),
        ("SELECT 1 -- one;\n, 2;", ["SELECT 1\n, 2"]),
        ("SELECT 1\n    -- between\n  , 2;", ["SELECT 1\n  , 2"]),
        ("/* one;\n two's; */ SELECT 1;", ["SELECT 1"]),
        ("SELECT 8 - -2;", ["SELECT 8 - -2"]),
        ("USE {database}; SELECT {n:UInt8};", ["USE shop", "SELECT {n:UInt8}"]),
        ("", []),
        (";;\n;", []),
        ("-- only a comment;", []),
    ],
)  # fmt: skip
def test_statements(text: str, expected: list[str]) -> None:
    assert split(text) == expected


def test_the_shipped_files_split_at_every_statement() -> None:
    for migration in load():
        starts = len(re.findall(r"^(?:CREATE|ALTER|INSERT|DROP)", migration.text, re.MULTILINE))
        statements = migration.statements("shop")
        assert len(statements) == starts, migration.label
        assert not any("{database}" in statement for statement in statements)
        assert not any(line.lstrip().startswith("--") for s in statements for line in s.split("\n"))


def test_line_ends_of_another_system_change_nothing_that_runs(tmp_path: Path) -> None:
    (tmp_path / "0001_a.sql").write_bytes(b"SELECT 1;\r\nSELECT 2;\r\n")
    assert load(tmp_path)[0].statements("shop") == ["SELECT 1", "SELECT 2"]
