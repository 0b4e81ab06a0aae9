"""Numbered SQL migrations: applied once, in order, and never edited afterwards.

A file `NNNN_name.sql` holds statements that end with a semicolon; comments and strings may hold some.
`{database}` stands for the database. What was applied is kept, with checksums, in `migrations`.
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

_FILE = re.compile(r"(?P<number>\d{4})_(?P<name>[a-z0-9_]+)\.sql")

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
    number UInt32 COMMENT 'Number of the migration.',
    name String COMMENT 'Name of the migration.',
    checksum String COMMENT 'SHA-256 of its text.',
    applied_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When it was applied.'
)
ENGINE = ReplacingMergeTree
ORDER BY number
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
    """One file."""

    number: int
    name: str
    text: str

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
    """Read the migrations of a folder, or the ones shipped with Earshot.

    Raises:
        SinkError: A file has a wrong name, or a number is missing or used twice.
    """
    folder = folder or Path(str(resources.files("sinks"))) / "sql"
    found = []
    for path in sorted(folder.glob("*.sql")):
        match = _FILE.fullmatch(path.name)
        if match is None:
            raise SinkError(f"{path.name} is not named NNNN_name.sql.", cure="Rename it.")
        text = path.read_text(encoding="utf-8")
        found.append(Migration(int(match["number"]), match["name"], text))
    for expected, migration in enumerate(found, start=1):
        if migration.number != expected:
            raise SinkError(
                f"Migration {expected:04} is missing or {migration.number:04} is there twice.",
                cure="Number the files without gaps.",
            )
    return found


def applied(runner: Runner, database: str) -> dict[int, str]:
    """Return the checksum of every applied migration by its number."""
    exists = runner.rows(
        f"SELECT count() FROM system.tables WHERE database = '{database}' AND name = 'migrations'"
    )
    if not exists[0][0]:
        return {}
    rows = runner.rows(f"SELECT number, checksum FROM {database}.migrations FINAL ORDER BY number")
    return {int(str(number)): str(checksum) for number, checksum in rows}


def pending(runner: Runner, database: str, migrations: list[Migration]) -> list[Migration]:
    """Return the migrations that were not applied yet.

    Raises:
        SinkError: An applied migration was edited, is unknown here, or was passed over.
    """
    done = applied(runner, database)
    known = {migration.number: migration for migration in migrations}
    for number, checksum in done.items():
        if number not in known:
            raise SinkError(
                f"ClickHouse has migration {number:04}, and this version of Earshot does not.",
                cure="Use the version of Earshot that applied it, or a later one.",
            )
        if known[number].checksum != checksum:
            raise SinkError(
                f"Migration {number:04}_{known[number].name} was edited after it was applied.",
                cure="Put the file back, and make the change in a new migration.",
            )
    left = [migration for migration in migrations if migration.number not in done]
    if left and done and left[0].number < max(done):
        raise SinkError(
            f"Migration {left[0].number:04} was passed over: {max(done):04} is applied already.",
            cure="Renumber it to come last.",
        )
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
        f"INSERT INTO {database}.migrations (number, name, checksum) "
        f"SELECT {migration.number}, '{migration.name}', '{migration.checksum}'"
    )
