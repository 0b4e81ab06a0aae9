"""Ask what may not answer for a while, and tell meanwhile what is waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from streams.conditions import Conditions
from streams.patience import insist

__all__ = ["Asking"]

T = TypeVar("T")


class Asking:
    """Asks for as long as it takes. Call it with what blocks: that runs in a thread.

    Args:
        sleep: Waits between two attempts.
        conditions: Where it is told what the worker waits for.
    """

    def __init__(self, sleep: Callable[[float], Awaitable[None]], conditions: Conditions) -> None:
        self._sleep = sleep
        self._conditions = conditions

    async def __call__(self, call: Callable[[], T]) -> T:
        """Run a blocking call in a thread, for as long as it takes."""
        return await self.wait_for(lambda: asyncio.to_thread(call))

    async def wait_for(self, call: Callable[[], Awaitable[T]]) -> T:
        """Return what a call returns that does not block, for as long as it takes."""
        return await insist(call, self._sleep, self._conditions)
