"""`python -m tests.faults.soak --events N --kills K --seed S [--minutes M] [--log FILE]`."""

from __future__ import annotations

import argparse
import logging
import signal
import tempfile
import warnings
from pathlib import Path

__all__ = ["main"]


def main() -> int:
    """Run a soak, and return 0 if every promise was kept."""
    arguments = _arguments()
    # A shell that runs us in the background ignores it for us; we end cleanly, with all that we started.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # Clients complain of everything that is killed; what counts is told by us.
    logging.disable(logging.CRITICAL)
    with warnings.catch_warnings():
        # kafka-python reads its schemas with a function that Python 3.11 deprecates.
        warnings.simplefilter("ignore", DeprecationWarning)
        from tests.faults.soak.report import Options
        from tests.faults.soak.running import soak
        from tests.faults.soak.telling import Teller, expected
    options = Options(
        events=arguments.events, kills=arguments.kills, seed=arguments.seed,
        minutes=arguments.minutes, workers=arguments.workers, chunk=arguments.chunk,
    )  # fmt: skip
    teller = Teller(arguments.log)
    teller.say(str(options))
    teller.say(expected(options.events, options.kills, options.minutes))
    with tempfile.TemporaryDirectory(prefix="soak-", dir=arguments.folder) as folder:
        report = soak(options, Path(folder), teller)
    for line in report.lines():
        teller.say(line)
    return 1 if report.problems else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.soak", description=__doc__)
    parser.add_argument("--events", type=int, default=5_000_000)
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=0.0, help="0: as fast as it goes")
    parser.add_argument("--log", type=Path, help="file that gets every line as well")
    parser.add_argument("--workers", type=int, default=2, help="most workers at a time")
    parser.add_argument("--chunk", type=int, default=16_384)
    parser.add_argument("--folder", type=Path, help="where the parts have their data meanwhile")
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
