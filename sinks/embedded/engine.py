"""The chDB engine of this process: one data folder, held by one process, with many sessions."""

from __future__ import annotations

import fcntl
import itertools
import os
import re
import threading
from pathlib import Path
from typing import Any

from schemas.errors import LocalError
from sinks.embedded.faults import EngineError

__all__ = ["Engine", "quote_name", "quote_text"]

_KILL = re.compile(
    r"\s*KILL\s+QUERY\s+WHERE\s+query_id\s*=\s*'([^'\\]*)'\s*(?:A?SYNC|TEST)?\s*;?\s*",
    re.IGNORECASE,
)


def quote_name(name: str) -> str:
    """Return an identifier between back ticks."""
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"


def quote_text(value: str) -> str:
    """Return a string literal."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


class Engine:
    """Opens the data folder, and connections to it.

    Args:
        path: the data folder; it is made when missing.
        database: where a session starts that names none; it is made when missing.

    Raises:
        LocalError: another process holds the folder, or it cannot be written.
    """

    def __init__(self, path: Path, database: str) -> None:
        self.path = path
        self.database = database
        self._lock_file = self._hold(path)
        # The import starts the engine's threads: it comes after the signal mask is set.
        import chdb  # noqa: PLC0415 - loading it starts the engine

        self._chdb: Any = chdb
        self._numbers = itertools.count(1)
        self._guard = threading.Lock()
        try:
            self._own = self.connect()
            self._own.query(f"CREATE DATABASE IF NOT EXISTS {quote_name(database)}", "Null")
            facts = str(self._own.query("SELECT version(), timezone()", "TSV")).strip()
        except RuntimeError as error:
            raise LocalError(
                f"The data folder {path} does not open: {error}.",
                cure="Check that it is readable, or move it away and start with an empty one.",
            ) from error
        self.version, self.timezone = facts.split("\t")

    @staticmethod
    def _hold(path: Path) -> int:
        """Lock the folder for this process; the system lets go when the process ends."""
        try:
            path.mkdir(parents=True, exist_ok=True)
            handle = os.open(path / "server.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise LocalError(
                f"The data folder {path} cannot be written ({error.strerror}).",
                cure="Give a folder of your own with --path.",
            ) from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(handle)
            raise LocalError(
                f"Another server is running on the data folder {path}.",
                cure="Stop it, or give another folder with --path.",
            ) from error
        return handle

    def connect(self) -> Any:
        """Return a new chDB connection; its settings and database are its own."""
        return self._chdb.connect(str(self.path))

    def new_token(self) -> str:
        """Return a mark, unique in this process, by which a session's query is found again."""
        return f"embedded-session-{next(self._numbers)}"

    def kill(self, token: str) -> None:
        """Ask the engine to stop what the session marked `token` runs; returns at once."""
        with self._guard:
            self._own.query(
                f"KILL QUERY WHERE startsWith(Settings['log_comment'], {quote_text(token)}) ASYNC",
                "Null",
            )

    @staticmethod
    def killed_id(sql: str) -> str | None:
        """Return the query id of a `KILL QUERY WHERE query_id = '...'`, else None.

        The engine gives queries ids of its own, so the server translates this one statement.
        """
        found = _KILL.fullmatch(sql)
        return found[1] if found else None

    def close(self) -> None:
        """Close the folder; every session must be closed before."""
        self._own.close()
        os.close(self._lock_file)


def engine_fault(error: Exception) -> EngineError:
    """Translate what chDB raised."""
    return EngineError.parsed(str(error))
