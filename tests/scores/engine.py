"""ClickHouse's engine in a process of its own, so that it cannot disturb the test process."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import pytest

import sinks
from sinks.migrations import Migration

_CHILD = """
import json, sys
from chdb.session import Session
session = Session()
for line in sys.stdin:
    try:
        answer = {"rows": str(session.query(json.loads(line), "JSONCompactEachRow"))}
    except Exception as error:
        answer = {"error": str(error)}
    print(json.dumps(answer), flush=True)
"""

# NaN and infinity must not pass as the null that JSON would write for them.
_SETTINGS = (
    "SET output_format_json_quote_denormals = 1, output_format_json_quote_64bit_integers = 0"
)

Row = list[Any]

FOLDER = Path(str(sinks.__path__[0])) / "sql"
FILES = sorted(FOLDER.glob("R1_functions*.sql"))
STATEMENTS = [
    statement
    for file in FILES
    for statement in Migration(file.stem, file.read_text(encoding="utf-8")).statements("earshot")
]


class Query(Protocol):
    """Runs one statement and returns its rows."""

    def __call__(self, sql: str) -> list[Row]: ...


@contextmanager
def engine() -> Iterator[Query]:
    """Start the engine; yields a function that runs SQL and raises AssertionError if it fails."""
    with subprocess.Popen(
        [sys.executable, "-c", _CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        requests, answers = child.stdin, child.stdout

        def query(sql: str) -> list[Row]:
            requests.write(json.dumps(sql) + "\n")
            requests.flush()
            answer = json.loads(answers.readline())
            assert "error" not in answer, answer["error"]
            return [json.loads(line) for line in answer["rows"].splitlines()]

        query(_SETTINGS)
        yield query
        requests.close()  # the child ends with its input


def close(expected: float | None) -> object:
    """Return what equals a number of SQL: to 1e-9, and NULL only where Python has None."""
    return None if expected is None else pytest.approx(expected, rel=1e-9, abs=1e-9)
