"""`python -m tests.bench.restart`: how long a worker takes from its start until it has caught up.

A worker that starts folds again what the open chunk of each of its partitions holds. So the time grows
with the size of a chunk, and that is what is compared: one log, read in chunks of several sizes. The worker
is killed when it has read everything, and its session is ended at once; by itself, a broker waits for
`kafka.session_s` before it gives the partitions of a dead worker to another.
"""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
import warnings
from pathlib import Path
from statistics import median

__all__ = ["main"]


def main() -> int:
    """Compare restarts, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.restart", description=__doc__)
    parser.add_argument("--events", type=int, default=300_000)
    parser.add_argument("--chunks", type=int, nargs="+", default=[512, 4_096, 16_384])
    parser.add_argument("--times", type=int, default=3)
    arguments = parser.parse_args()
    logging.disable(logging.CRITICAL)
    with warnings.catch_warnings():
        # kafka-python reads its schemas with a function that Python 3.11 deprecates.
        warnings.simplefilter("ignore", DeprecationWarning)
        from tests.bench.restarting import Restarting
    _tell(
        f"{arguments.events:,} events, 16 partitions, one worker; median of {arguments.times}\n\n"
    )
    _tell("| worker.chunk | folded again | first partition open | caught up | ratio |\n")
    _tell("|--:|--:|--:|--:|--:|\n")
    shortest = 0.0
    with (
        tempfile.TemporaryDirectory(prefix="restart-") as folder,
        Restarting.over(arguments.events, Path(folder)) as restarting,
    ):
        for chunk in arguments.chunks:
            found = restarting.restarts(chunk, arguments.times)
            took = median(one.all_s for one in found)
            shortest = shortest or took
            first = median(one.first_s for one in found)
            _tell(
                f"| {chunk:,} | {found[0].again:,} | {first:.1f} s | {took:.1f} s | "
                f"{took / shortest:.1f} |\n"
            )
    return 0


def _tell(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
