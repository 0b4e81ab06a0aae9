"""Everything a user can name is on the page where it is looked up.

The names come from the code itself, not from what writes the pages.
"""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import fields
from importlib import resources
from typing import Any, get_args

import pytest
import typer.main

from schemas.catalog import TOPICS
from schemas.definitions import load_measures, parse_measures
from schemas.effort import EffortWeights
from schemas.measures import DIMENSIONS, Measure, Score
from schemas.policies import MATCHABLE, SLA_METRICS
from sinks.clickhouse import ClickHouse
from sinks.tables import TABLES
from streams.cli.main import app
from streams.doctor import checks_of
from streams.fold.rejection import REASONS, Reason
from streams.settings import Settings
from tests.docs.reading import DOCS, PAGES, ROOT, blocks, code_files, commands_shown

COMMANDS: dict[str, Any] = typer.main.get_command(app).commands  # type: ignore[attr-defined]  # a group has them


def _page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def _rows(page: str) -> list[list[str]]:
    """Return the cells of every row of a table of the page."""
    lines = [line for line in page.splitlines() if line.startswith("| ")]
    return [[cell.strip(" `") for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


def _section(page: str, heading: str) -> str:
    """Return what stands below a heading."""
    _, found, rest = page.partition(f"\n{heading}\n")
    assert found, f"there is no {heading}"
    level = heading.split(" ", maxsplit=1)[0]
    return re.split(rf"^#{{1,{len(level)}}} ", rest, maxsplit=1, flags=re.MULTILINE)[0]


def test_every_setting_with_its_variable_and_its_meaning() -> None:
    rows = {row[0]: row for row in _rows(_page("settings.md"))}
    groups = Settings().model_dump()
    assert groups
    for group, settings in groups.items():
        for name in settings:
            row = rows[f"{group}.{name}"]
            assert row[1] == f"EARSHOT_{group}__{name}".upper()
            assert len(row[4]) > 3


def test_no_default_is_a_secret_or_a_path_of_this_machine() -> None:
    for row in _rows(_page("settings.md")):
        assert not row[3].startswith("/"), row


def test_every_topic_and_every_field() -> None:
    page = _page("topics.md")
    for topic in TOPICS:
        rows = {row[0]: row for row in _rows(_section(page, f"## {topic.name}"))}
        (path,) = sorted((resources.files("schemas") / "avro").glob(f"{topic.name}.v*.avsc"))[-1:]  # type: ignore[attr-defined]  # a folder has it
        for field in json.loads(path.read_text(encoding="utf-8"))["fields"]:
            row = rows[field["name"]]
            assert (row[2] == "required") == ("default" not in field)
            assert row[3].split() == field["doc"].replace("|", "\\|").split()


@pytest.mark.clickhouse
def test_every_table_and_view_with_every_column(migrated: ClickHouse) -> None:
    page = _page("clickhouse.md")
    database = migrated.address.database
    named = [row[0] for row in migrated.rows(f"SHOW TABLES FROM {database}")]
    assert set(TABLES) < set(named)
    columns = migrated.rows(
        "SELECT table, name, comment FROM system.columns WHERE database = %(database)s",
        {"database": database},
    )
    sections = {name: _rows(_section(page, f"### {name}")) for name in named}
    for table, name, comment in columns:
        row = next(row for row in sections[table] if row[0] == name)
        assert len(row[2]) > 3
        if comment:
            assert row[2] == comment.replace("|", "\\|")


def test_every_command_and_every_option() -> None:
    page = _page("cli.md")
    waiting = [(f"earshot {name}", command) for name, command in COMMANDS.items()]
    while waiting:
        name, command = waiting.pop()
        section = _section(page, f"## {name}")
        inner = getattr(command, "commands", {})
        waiting += [(f"{name} {sub}", found) for sub, found in inner.items()]
        for param in command.params:
            if param.name != "help":
                for written in [*param.opts, *param.secondary_opts]:
                    said = written if written.startswith("-") else param.metavar or written.upper()
                    assert f"`{said}`" in section, f"{name} {said}"
                assert inner or param.help, f"{name} does not explain {param.name}"


def test_every_check_of_the_doctor() -> None:
    section = _section(_page("cli.md"), "## What `earshot doctor` looks at")
    checks = checks_of(Settings(), lambda: None, limit_s=1)
    assert [row[0] for row in _rows(section)[1:]] == [check.name for check in checks]


def test_every_command_that_a_page_shows_exists() -> None:
    shown = list(commands_shown())
    assert len(shown) > 10
    for page, words in shown:
        names = [word for word in words[1:] if not word.startswith("-")]
        where = f"{page}: {' '.join(words)}"
        if not names or names[0] == "...":
            continue
        command = COMMANDS.get(names[0])
        assert command is not None, where
        known = _options(command)
        for word in words[1:]:
            if word.startswith("--"):
                assert word.split("=")[0] in known | {"--help"}, where


def test_every_command_that_a_message_or_a_page_names_exists() -> None:
    for path in [*PAGES, *code_files()]:
        text = path.read_text(encoding="utf-8")
        for name in re.findall(r"`earshot ([a-z][a-z-]*)", text):
            assert name in COMMANDS, f"{path.name}: earshot {name}"


def test_every_variable_that_a_message_or_a_page_names_exists() -> None:
    groups = Settings().model_dump()
    known = {f"EARSHOT_{g}__{name}".upper() for g, names in groups.items() for name in names}
    for path in [*PAGES, *code_files(), ROOT / ".env.example", ROOT / "docker-compose.yml"]:
        text = path.read_text(encoding="utf-8")
        for name in re.findall(r"\bEARSHOT_[A-Z]+__[A-Z_]*[A-Z]\b", text):
            assert name in known, f"{path.name}: {name}"


def _options(command: Any) -> set[str]:
    found = {option for param in command.params for option in [*param.opts, *param.secondary_opts]}
    for inner in getattr(command, "commands", {}).values():
        found |= _options(inner)
    return found


def test_every_measure_and_score() -> None:
    page = _page("measures.md")
    rows = _rows(page)
    for measure in load_measures().measures:
        assert any(row[:2] == [measure.name, measure.doc] for row in rows), measure.name
        assert measure.source in page
        for score in measure.scores:
            mine = [row for row in rows if row[0] == score.name and row[3:4] == [score.doc]]
            names = {name for row in mine for name in row[4].replace("`", "").split(", ")}
            assert measure.name in names, (measure.name, score.name)


def test_every_measure_is_on_the_page_of_its_family() -> None:
    for measure in load_measures().measures:
        page = _page(f"metrics/{measure.family}.md")
        assert f"`{measure.name}`" in page, measure.name
        for score in measure.scores:
            assert f"`{score.name}`" in page, (measure.name, score.name)


def test_every_page_of_a_family_says_when_not_to_use_it_and_where_it_comes_from() -> None:
    for measure in load_measures().measures:
        page = _page(f"metrics/{measure.family}.md")
        if measure.family != "counting":
            for heading in ("## How it is shown", "## When not to use it", "## Source"):
                assert _section(page, heading).strip(), measure.family
            assert measure.source in page or measure.is_count, (measure.family, measure.name)


def test_every_key_of_a_measures_file_and_every_dimension() -> None:
    page = _page("measures.md")
    keys = {key for row in _rows(page) for key in row[0].replace("`", "").split(", ")}
    wanted = {field.name for kind in (Measure, Score) for field in fields(kind)} | {"version"}
    assert wanted - {"scores"} | {"score", "measure"} <= keys
    for dimension in DIMENSIONS:
        assert f"`{dimension}`" in page


def test_every_rule_of_histories_can_be_written() -> None:
    page = _page("measures.md")
    for name in (
        *(f"`{field.name}`" for field in fields(EffortWeights)),
        *(f"`{metric}`" for metric in SLA_METRICS),
        *(f"`{field}`" for field in MATCHABLE),
    ):
        assert name in page, name


def test_the_example_of_a_measures_file_is_one() -> None:
    (example,) = [block for block in blocks("toml") if block.page == "measures.md"]
    assert parse_measures(example.text).by_name("csat.1-5") is not None


def test_the_example_of_a_settings_file_is_one() -> None:
    (example,) = [block for block in blocks("toml") if block.page == "settings.md"]
    assert Settings(**tomllib.loads(example.text)).clickhouse.host == "clickhouse.example"


def test_every_reason_with_its_cure() -> None:
    rows = {row[0]: row[1] for row in _rows(_page("rejects.md"))}
    assert set(get_args(Reason)) == set(REASONS)
    for reason, cure in REASONS.items():
        assert rows[reason] == cure


@pytest.mark.clickhouse
def test_every_query_that_a_page_shows_runs(migrated: ClickHouse) -> None:
    shown = blocks("sql")
    assert shown
    for block in shown:
        sql = block.text.replace("earshot.", f"{migrated.address.database}.")
        for statement in filter(str.strip, sql.split(";")):
            migrated.rows(statement)
