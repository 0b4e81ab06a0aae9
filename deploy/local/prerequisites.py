"""What this machine needs before a part starts. Each check returns a problem with its cure, or None.

Nothing is raised here but by `require`, which tells all problems at once.
"""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from deploy.local.jars import are_cached
from deploy.local.java import OLDEST, find_java, java_major
from deploy.local.ports import holder, is_free
from schemas.errors import LocalError

__all__ = [
    "Problem",
    "chdb_problem",
    "disk_problem",
    "java_problem",
    "maven_problem",
    "path_problem",
    "port_problem",
    "require",
]

_LEAST_FREE = 2 * 1024**3
_INSTALL_JAVA = f"Run `apt-get install openjdk-{OLDEST}-jre-headless`, or set JAVA_HOME."


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is missing, and the cure for it."""

    what: str
    cure: str

    def __str__(self) -> str:
        return f"{self.what} {self.cure}"


def require(problems: Iterable[Problem | None]) -> None:
    """Do nothing if there are no problems.

    Raises:
        LocalError: There are; the message lists all of them.
    """
    found = list(dict.fromkeys(problem for problem in problems if problem is not None))
    if len(found) == 1:
        raise LocalError(found[0].what, cure=found[0].cure)
    if found:
        raise LocalError(
            "The local parts cannot start here:\n"
            + "\n".join(f"  - {problem}" for problem in found)
        )


def java_problem() -> Problem | None:
    """Check that there is a Java new enough for Kafka."""
    java = find_java()
    if java is None:
        return Problem("Java is not in PATH, and Kafka runs on it.", _INSTALL_JAVA)
    major = java_major(java)
    if major is None:
        return Problem(f"{java} does not tell its version.", _INSTALL_JAVA)
    if major < OLDEST:
        return Problem(f"{java} is Java {major}, and Kafka needs {OLDEST} or newer.", _INSTALL_JAVA)
    return None


def maven_problem(cache: Path) -> Problem | None:
    """Check that Maven is there, unless Kafka's jars are already."""
    if are_cached(cache) or shutil.which("mvn"):
        return None
    return Problem(
        f"Maven (mvn) is not in PATH, and Kafka's jars are not yet in {cache}.",
        "Run `apt-get install maven`, or set EARSHOT_CACHE to a folder that holds the jars.",
    )


def disk_problem(home: Path) -> Problem | None:
    """Check that the disk of the home folder has room."""
    existing = next(folder for folder in (home, *home.parents) if folder.exists())
    free = shutil.disk_usage(existing).free
    if free >= _LEAST_FREE:
        return None
    return Problem(
        f"Only {free / 1024**3:.1f} GiB are free at {home}, and 2 GiB are needed.",
        "Free some space, or set EARSHOT_HOME to a folder on another disk.",
    )


def path_problem(path: Path, variable: str) -> Problem | None:
    """Check that Kafka can be told this path: it splits lists of paths at these characters."""
    if not set(str(path)) & set(",:*\\\n"):
        return None
    return Problem(
        f"Kafka cannot use {str(path)!r}: a path may have no comma, colon, asterisk or backslash.",
        f"Set {variable} to another folder.",
    )


def port_problem(part: str, port: int, setting: str) -> Problem | None:
    """Check that a port can be listened on. Port 0 stands for any free one."""
    if port == 0 or is_free(port):
        return None
    by = holder(port)
    return Problem(
        f"Port {port} of {part} is taken{f' by {by}' if by else ''}.",
        f"Set EARSHOT_LOCAL__{setting.upper()} (local.{setting}) to a free port, "
        "or end what holds it.",
    )


def chdb_problem() -> Problem | None:
    """Check that the embedded ClickHouse is installed. Looks only: loading it takes a second."""
    if importlib.util.find_spec("chdb") is not None:
        return None
    return Problem(
        "The Python package chdb, the embedded ClickHouse, is not installed.",
        "Run `pip install '.[local]'` in a checkout of Earshot.",
    )
