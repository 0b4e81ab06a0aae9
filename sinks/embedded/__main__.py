"""`python -m sinks.embedded`: run the embedded ClickHouse in the foreground."""

from __future__ import annotations

import logging
import sys

import structlog

from schemas.errors import EarshotError
from sinks.embedded.options import parse


def main() -> int:
    """Run the server, and return the exit code of the process."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    try:
        options = parse()
        # The server's modules load the engine's client libraries: a wrong option is told first.
        from sinks.embedded.server import serve  # noqa: PLC0415 - it loads the engine

        serve(options)
    except EarshotError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
