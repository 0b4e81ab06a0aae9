"""The Java runtime that Kafka runs on."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

__all__ = ["OLDEST", "find_java", "java_major"]

OLDEST = 17
"""The oldest Java that Kafka 4 runs on."""

_VERSION = re.compile(r'version "(?:1\.)?(\d+)')


def find_java() -> Path | None:
    """Return the `java` of JAVA_HOME, or else the one in PATH."""
    home = os.environ.get("JAVA_HOME", "")
    candidate = Path(home, "bin", "java") if home else None
    if candidate is not None and os.access(candidate, os.X_OK):
        return candidate
    found = shutil.which("java")
    return Path(found) if found else None


def java_major(java: Path) -> int | None:
    """Ask a `java` for its version, like 17. None if it does not say."""
    try:
        answer = subprocess.run(
            [str(java), "-version"], capture_output=True, text=True, timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = _VERSION.search(answer.stderr + answer.stdout)
    return int(found[1]) if found else None
