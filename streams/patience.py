"""Try again while something does not answer, ever more patiently, and say so."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from schemas.errors import EarshotError, StreamError
from schemas.registry import RegistryUnavailable
from sinks.clickhouse import SinkRefused, SinkUnavailable
from streams.conditions import Conditions

__all__ = ["insist"]

log = structlog.get_logger(__name__)

T = TypeVar("T")

_FIRST_WAIT_S = 0.2
_LONGEST_WAIT_S = 30.0

#: What passes by itself, and the word for it in conditions.
_PASSING: dict[type[EarshotError], str] = {
    SinkUnavailable: "clickhouse_unavailable",
    RegistryUnavailable: "registry_unavailable",
    StreamError: "kafka_unavailable",
}


async def insist(
    call: Callable[[], Awaitable[T]],
    sleep: Callable[[float], Awaitable[None]],
    conditions: Conditions | None = None,
) -> T:
    """Return what `call` returns, for as long as it takes.

    With `conditions`, what is waited for is told there. Then a refusal of ClickHouse is waited out as
    well: a table is missing until somebody runs the migrations. A refusal because of a value is not.

    Raises:
        EarshotError: Something that will not pass by itself.
    """
    wait = _FIRST_WAIT_S
    reason = ""
    while True:
        try:
            result = await call()
        except EarshotError as error:
            reason = _reason(error, refused=conditions is not None)
            if not reason:
                raise
            say = log.error if isinstance(error, SinkRefused) else log.warning
            say("waiting", what=error.what, cure=error.cure, again_in_s=round(wait, 1))
            if conditions is not None:
                conditions.waits(reason=reason, what=error.what, cure=error.cure)
        else:
            if conditions is not None and reason:
                conditions.goes_on(reason)
            return result
        # Jitter, so that workers do not all come back at once.
        await sleep(wait * random.uniform(0.5, 1.5))  # noqa: S311 - not a secret
        wait = min(wait * 2, _LONGEST_WAIT_S)


def _reason(error: EarshotError, *, refused: bool) -> str:
    """Return the word for what is waited for, or nothing if it will not pass."""
    if refused and isinstance(error, SinkRefused) and not error.of_a_value:
        return "clickhouse_refuses"
    return next((reason for kind, reason in _PASSING.items() if isinstance(error, kind)), "")
