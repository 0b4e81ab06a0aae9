"""SQL migrations: tables step by step, functions and views as a whole.

`NNNN_name.sql` is applied once, in order, and never edited afterwards: it changes tables. `RN_name.sql`
is repeatable: it replaces functions or views, and is applied again, with those after it, whenever one
of them or a table changed. A file holds statements that end with a semicolon; comments and strings may
hold some. `{database}` stands for the database. What was applied is kept, with checksums, in
`migrations`.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Protocol

from schemas.errors import SinkError

__all__ = ["Migration", "Runner", "applied", "load", "pending", "run"]

_FILE = re.compile(r"(?:(?P<number>\d{4})|R(?P<rank>\d))_(?P<name>[a-z0-9_]+)\.sql")

# What may hold a semicolon that ends nothing, and the semicolon that does.
_TOKEN = re.compile(
    r"""(?P<quoted>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`(?:[^`\\]|\\.)*`)"""
    r"|(?P<comment>\n?[ \t]*--[^\n]*|/\*.*?\*/)"
    r"|(?P<end>;)",
    re.DOTALL,
)

_HISTORY = """
CREATE TABLE IF NOT EXISTS {database}.migrations
(
    label String COMMENT 'Number and name of the migration.',
    checksum String COMMENT 'SHA-256 of its text.',
    applied_at DateTime64(6, 'UTC') DEFAULT now64(6) COMMENT 'When it was applied.'
)
ENGINE = ReplacingMergeTree(applied_at)
ORDER BY label
COMMENT 'Migrations that were applied.'
"""


class Runner(Protocol):
    """What a migration needs of ClickHouse."""

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        """Run a query and return its rows."""
        ...

    def command(self, sql: str) -> None:
        """Run a statement that returns nothing."""
        ...


@dataclass(frozen=True, slots=True)
class Migration:
    """One file. `label` is its name without the ending, for example `0001_tables`."""

    label: str
    text: str

    @property
    def repeatable(self) -> bool:
        """Whether it is applied again when it changes."""
        return self.label.startswith("R")

    @property
    def checksum(self) -> str:
        """SHA-256 of the text, in hex."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    def statements(self, database: str) -> list[str]:
        """Return its statements for a database, without comments."""
        statements, last = [""], 0
        for match in _TOKEN.finditer(self.text):
            statements[-1] += self.text[last : match.start()]
            last = match.end()
            if match["quoted"]:
                statements[-1] += match["quoted"]
            elif match["end"]:
                statements.append("")
        statements[-1] += self.text[last:]
        return [part.strip().replace("{database}", database) for part in statements if part.strip()]


def load(folder: Path | None = None) -> list[Migration]:
    """Read the migrations of a folder, or the ones shipped with Earshot, in the order they apply.

    Raises:
        SinkError: A file has a wrong name, or a number is missing or used twice.
    """
    folder = folder or Path(str(resources.files("sinks"))) / "sql"
    numbered: list[Migration] = []
    repeatable: list[Migration] = []
    for path in sorted(folder.glob("*.sql")):
        match = _FILE.fullmatch(path.name)
        if match is None:
            raise SinkError(
                f"{path.name} is named neither NNNN_name.sql nor RN_name.sql.", cure="Rename it."
            )
        migration = Migration(path.stem, path.read_text(encoding="utf-8"))
        (repeatable if migration.repeatable else numbered).append(migration)
        if not migration.repeatable and int(match["number"]) != len(numbered):
            raise SinkError(
                f"Migration {len(numbered):04} is missing or {match['number']} is there twice.",
                cure="Number the files without gaps.",
            )
    return numbered + repeatable


def applied(runner: Runner, database: str) -> dict[str, str]:
    """Return the checksum of every applied migration by its label."""
    columns = runner.rows(
        f"SELECT name FROM system.columns WHERE database = '{database}' AND table = 'migrations'"
    )
    if not columns:
        return {}
    if ("label",) not in columns:
        raise SinkError(
            f"The database {database} was made by an unreleased version of Earshot.",
            cure="Drop it, or name another one in EARSHOT_CLICKHOUSE__DATABASE.",
        )
    rows = runner.rows(f"SELECT label, checksum FROM {database}.migrations FINAL ORDER BY label")
    return {str(label): str(checksum) for label, checksum in rows}


def pending(runner: Runner, database: str, migrations: list[Migration]) -> list[Migration]:
    """Return the migrations that must be applied now, in order.

    Raises:
        SinkError: An applied migration was edited, is unknown here, or was passed over.
    """
    done = applied(runner, database)
    known = {migration.label: migration for migration in migrations if not migration.repeatable}
    tables_done = sorted(label for label in done if not label.startswith("R"))
    for label in tables_done:
        if label not in known:
            raise SinkError(
                f"ClickHouse has migration {label}, and this version of Earshot does not.",
                cure="Use the version of Earshot that applied it, or a later one.",
            )
        if known[label].checksum != done[label]:
            raise SinkError(
                f"Migration {label} was edited after it was applied.",
                cure="Put the file back, and make the change in a new migration.",
            )
    left = [migration for label, migration in known.items() if label not in done]
    if left and tables_done and left[0].label < tables_done[-1]:
        raise SinkError(
            f"Migration {left[0].label} was passed over: {tables_done[-1]} is applied already.",
            cure="Renumber it to come last.",
        )
    # A view keeps the functions and the columns it was made with, so what comes after a change
    # is made again.
    for migration in migrations:
        if migration.repeatable and (left or done.get(migration.label) != migration.checksum):
            left.append(migration)
    return left


def run(runner: Runner, database: str, migration: Migration) -> None:
    """Apply one migration and write it down.

    ClickHouse has no transactions over DDL: after a failure half-way, the statements before it
    stand. Every statement is therefore one that may be repeated.
    """
    runner.command(f"CREATE DATABASE IF NOT EXISTS {database}")
    runner.command(_HISTORY.replace("{database}", database))
    for statement in migration.statements(database):
        runner.command(statement)
    runner.command(
        f"INSERT INTO {database}.migrations (label, checksum) "
        f"SELECT '{migration.label}', '{migration.checksum}'"
    )
