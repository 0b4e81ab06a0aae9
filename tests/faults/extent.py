"""How much of the suite runs: enough to hold every promise once, or for as long as it takes."""

from __future__ import annotations

import os

__all__ = ["FULL", "kills", "rebalances"]

#: `EARSHOT_FULL=1`: every number of times the promises speak of, and every view.
FULL = bool(os.environ.get("EARSHOT_FULL"))


def kills() -> int:
    """Return how often ClickHouse is killed under load: `EARSHOT_FAULTS_KILLS`."""
    return int(os.environ.get("EARSHOT_FAULTS_KILLS") or (500 if FULL else 10))


def rebalances() -> int:
    """Return how often a worker joins or leaves: `EARSHOT_FAULTS_REBALANCES`."""
    return int(os.environ.get("EARSHOT_FAULTS_REBALANCES") or (20 if FULL else 4))
