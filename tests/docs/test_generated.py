"""The generated parts of the pages are what the code says now."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from schemas.errors import ConfigError
from sinks.clickhouse import ClickHouse
from streams.reference import PAGES, Page, part_of, stale, with_part
from tests.docs.reading import DOCS

HOW = "Run `python -m streams.reference` and commit what it changed."


@pytest.mark.clickhouse
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.file)
def test_a_page_is_current(page: Page, migrated: ClickHouse) -> None:
    is_now, should_be = page.renewed(DOCS, migrated)
    assert is_now == should_be, HOW


@pytest.mark.clickhouse
def test_an_edited_page_is_found(tmp_path: Path, migrated: ClickHouse) -> None:
    for page in PAGES:
        (tmp_path / page.file).write_bytes((DOCS / page.file).read_bytes())
    edited = tmp_path / "rejects.md"
    text = edited.read_text(encoding="utf-8")
    edited.write_text(with_part(text, "reasons", "By hand."), encoding="utf-8")
    assert "rejects.md" in stale(tmp_path, migrated)


@pytest.mark.clickhouse
def test_a_view_that_nobody_explains_is_refused(migrated: ClickHouse) -> None:
    (page,) = [page for page in PAGES if page.file == "clickhouse.md"]
    database = migrated.address.database
    migrated.command(f"CREATE VIEW {database}.odd AS SELECT 1 AS oddity")
    try:
        with pytest.raises(ConfigError, match=r"Not explained: odd, odd\.oddity\."):
            page.write(migrated)
    finally:
        migrated.command(f"DROP VIEW {database}.odd")


def test_a_page_without_a_place_for_its_part_is_refused() -> None:
    with pytest.raises(ConfigError, match="no generated part x"):
        part_of("# A page\n", "x")


def test_what_is_written_by_hand_stays() -> None:
    page = (DOCS / "rejects.md").read_text(encoding="utf-8")
    old = part_of(page, "reasons")
    assert with_part(with_part(page, "reasons", "new"), "reasons", old) == page


def test_a_wrong_call_ends_with_2() -> None:
    call = [sys.executable, "-m", "streams.reference", "--chek"]
    result = subprocess.run(call, capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 2
    assert result.stderr.startswith("usage: ")
