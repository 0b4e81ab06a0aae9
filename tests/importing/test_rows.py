"""The three formats: what a row is, and which physical line it starts on."""

from __future__ import annotations

import csv
import importlib.util
import io
import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.errors import ConfigError
from streams.importing.mapping import Input
from streams.importing.rows import open_rows

Options = dict[str, Any]


def read(path: Path, column: str, skip: int = 0, **options: Any) -> list[tuple[int, int, Any]]:
    rows = open_rows(path, Input(**options))
    try:
        get = rows.getter(column)
        return [
            (row.number, row.line, row.broken.reason if row.broken else get(row.cells))
            for row in rows.read(skip)
        ]
    finally:
        rows.close()


def test_csv_counts_physical_lines_and_reads_past_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b'\xef\xbb\xbfid,text\r\n1,"two\r\nlines"\r\n\r\n2,x\r\n3\r\n4,"y,z"\r\n')
    assert read(path, "id") == [
        (1, 2, "1"), (2, 5, "2"), (3, 6, "broken_row"), (4, 7, "4"),
    ]  # fmt: skip
    assert read(path, "text", skip=3) == [(4, 7, "y,z")]


def test_csv_delimiter_and_encoding(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("id;text\n1;café\n".encode("cp1252"))
    assert read(path, "text", delimiter=";", encoding="cp1252") == [(1, 2, "café")]
    assert read(path, "text", delimiter=";") == [(1, 2, "caf\udce9")]  # refused where it is used


def test_a_csv_cell_that_never_ends_is_one_broken_row_and_bounded(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('id,text\n1,"' + "x" * 200_000 + "\n2,y\n", encoding="utf-8")
    rows = read(path, "id")
    assert rows[0][2] == "broken_row"
    assert rows[-1] == (2, 3, "2")


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(
        st.tuples(st.text('ab,"\n\r é;', min_size=1, max_size=6), st.text("xy\n,", max_size=4)),
        max_size=8,
    )
)
def test_csv_reads_back_what_csv_writes(tmp_path: Path, cells: list[tuple[str, str]]) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(["a", "b"])
    lines = []
    for row in cells:
        # csv counts a lone carriage return as the end of a line, as text editors do.
        lines.append(len(text.getvalue().splitlines()) + 1)
        writer.writerow(row)
    path = tmp_path / "law.csv"
    path.write_text(text.getvalue(), encoding="utf-8", newline="")
    got = read(path, "a")
    assert [value for _, _, value in got] == [a for a, _ in cells]
    assert [line for _, line, _ in got] == lines


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "has no header line"), (b"a,b,a\n", "names columns twice: a")],
)
def test_a_useless_header_is_told(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=message):
        read(path, "a")


def test_ndjson_paths_and_broken_lines(tmp_path: Path) -> None:
    path = tmp_path / "a.ndjson"
    lines = [
        json.dumps({"answers": [{"number": 9}], "a.b": "flat", "a": {"b": "deep"}}),
        "",
        "{not json",
        "[1]",
        json.dumps({"answers": []}),
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert read(path, "answers.0.number") == [
        (1, 1, 9), (2, 3, "broken_row"), (3, 4, "broken_row"), (4, 5, None),
    ]  # fmt: skip
    assert read(path, "a.b", skip=0)[0][2] == "flat"
    assert read(path, "answers.0.number", skip=3) == [(4, 5, None)]


def test_ndjson_in_another_encoding_refuses_the_line_only(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"a": "caf\xe9"}\n{"a": "b"}\n')
    assert read(path, "a") == [(1, 1, "bad_encoding"), (2, 2, "b")]


def test_parquet_gives_native_values_in_order(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    moment = datetime(2025, 1, 1, 12, tzinfo=UTC)
    pl.DataFrame(
        {
            "id": range(25_000),
            "at": [moment] * 25_000,
            "day": [date(2025, 1, 1)] * 25_000,
            "who": [{"name": "x"}] * 25_000,
        }
    ).write_parquet(path)
    ids = read(path, "id")
    assert [value for _, _, value in ids] == list(range(25_000))
    assert read(path, "id", skip=24_999) == [(25_000, 25_000, 24_999)]
    assert read(path, "at", skip=24_999)[0][2] == moment
    assert read(path, "who.name", skip=24_999)[0][2] == "x"


def test_parquet_without_polars_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.parquet"
    path.write_bytes(b"")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"needs polars.*pip install '\.\[parquet\]'"):
        read(path, "a")


def test_a_file_that_is_no_parquet_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    path.write_bytes(b"id,score\n1,2\n")
    with pytest.raises(ConfigError, match="is not a Parquet file"):
        read(path, "a")
