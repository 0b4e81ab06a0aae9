"""Commands of Earshot, as a user runs them, against a stage."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

from tests.worker.harness import Stage

__all__ = ["ROOMY", "earshot", "verified"]

#: Settings of a worker that has room, as a user's worker has, unlike that of the tests of faults.
ROOMY: dict[str, Any] = {
    "chunk": 4096, "flush_s": 0.5, "fetch_records": 5000, "known_answers": 100_000,
    "known_customers": 20_000,
}  # fmt: skip


def earshot(
    stage: Stage, *arguments: str, within_s: float = 120.0
) -> subprocess.CompletedProcess[str]:
    """Run a command against the stage."""
    access = stage.access
    environment = {k: v for k, v in os.environ.items() if not k.startswith("EARSHOT_")} | {
        "EARSHOT_KAFKA__BROKERS": stage.brokers,
        "EARSHOT_CLICKHOUSE__HOST": access.host,
        "EARSHOT_CLICKHOUSE__PORT": str(access.port),
        "EARSHOT_CLICKHOUSE__USER": access.user,
        "EARSHOT_CLICKHOUSE__PASSWORD": access.password,
        "EARSHOT_CLICKHOUSE__DATABASE": stage.name,
    }
    return subprocess.run(
        [sys.executable, "-m", "streams.cli.entry", *arguments],
        env=environment, capture_output=True, text=True, check=False, timeout=within_s,
    )  # fmt: skip


def verified(stage: Stage, within_s: float = 120.0) -> dict[str, Any]:
    """Let `earshot verify` recount everything; return its report, in which nothing differs."""
    done = earshot(stage, "verify", "--json", within_s=within_s)
    assert done.stdout, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    assert report["differences"] == 0, report["first_differences"][:5]
    assert done.returncode == 0, done.stdout[-3000:]
    return report
