"""Logs are events with fields: readable on a terminal, JSON elsewhere. Never a payload, never a key."""

from __future__ import annotations

import logging
import sys
from typing import TextIO

import structlog

from streams.settings import Log

__all__ = ["quiet_libraries", "set_up_logs"]

#: Loggers that report every step at INFO, and the least level that is of use to us. The clients'
#: failures come to us as errors, which say more; at DEBUG they would quote records.
_LEVELS = {
    "aiokafka": logging.WARNING,
    "asyncio": logging.WARNING,
    "clickhouse_driver": logging.CRITICAL,
    "faust": logging.WARNING,
    "httpcore": logging.WARNING,
    "httpx": logging.WARNING,
    "kafka": logging.CRITICAL,
    "mode": logging.WARNING,
    # Faust's services log the steps of their life under the module of our subclasses.
    "streams.transport": logging.WARNING,
}


def set_up_logs(settings: Log, *, stream: TextIO | None = None) -> None:
    """Send our logs and those of the libraries through one formatter."""
    out = stream or sys.stderr
    as_json = settings.format == "json" or (settings.format == "auto" and not out.isatty())
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="ts"),
    ]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if as_json
        else structlog.dev.ConsoleRenderer(colors=out.isatty())
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.level.upper())
    quiet_libraries()


def quiet_libraries() -> None:
    """Keep the libraries' own logs to what a user can act on."""
    for name, level in _LEVELS.items():
        logging.getLogger(name).setLevel(level)
