"""Try again while something does not answer, ever more patiently, and say so."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from schemas.errors import EarshotError, StreamError
from schemas.registry import RegistryUnavailable
from sinks.clickhouse import SinkUnavailable

__all__ = ["insist"]

log = structlog.get_logger(__name__)

T = TypeVar("T")

_FIRST_WAIT_S = 0.2
_LONGEST_WAIT_S = 30.0

#: What passes by itself: ClickHouse, the registry or the broker does not answer.
_PASSING = (SinkUnavailable, RegistryUnavailable, StreamError)


async def insist(call: Callable[[], Awaitable[T]], sleep: Callable[[float], Awaitable[None]]) -> T:
    """Return what `call` returns, for as long as it takes.

    Raises:
        EarshotError: Something that will not pass by itself.
    """
    wait = _FIRST_WAIT_S
    while True:
        try:
            return await call()
        except EarshotError as error:
            if not isinstance(error, _PASSING):
                raise
            log.warning("waiting", what=error.what, cure=error.cure, again_in_s=round(wait, 1))
        # Jitter, so that workers do not all come back at once.
        await sleep(wait * random.uniform(0.5, 1.5))  # noqa: S311 - not a secret
        wait = min(wait * 2, _LONGEST_WAIT_S)
