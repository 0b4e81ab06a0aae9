"""Run `earshot` as a user does, against a stage."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.worker.harness import Stage

__all__ = ["earshot"]

_MAIN = "from streams.cli.main import main; main()"


def earshot(stage: Stage, *arguments: str, **variables: str) -> tuple[int, str]:
    """Run a command; return its exit code and what it printed."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("EARSHOT_")}
    environment |= stage.environment() | stage.variables | variables
    done = subprocess.run(
        [sys.executable, "-c", _MAIN, *arguments],
        env=environment, cwd=stage.folder, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr
