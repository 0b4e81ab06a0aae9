"""Wait for a condition: the one place in the tests that passes time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

__all__ = ["IDLE", "until"]

#: Python that does nothing until it is told to end, or a minute has passed.
IDLE = "import signal; signal.alarm(60); signal.pause()"

_POLL_S = 0.02


def until(
    what: str,
    done: Callable[[], Any],
    within_s: float = 120.0,
    *,
    explain: Callable[[], str] = str,
) -> Any:
    """Ask again and again until the answer is truthy, and return it.

    Fails the test after `within_s` seconds, with `explain()` where there is one.
    """
    deadline = time.monotonic() + within_s
    while not (answer := done()):
        if time.monotonic() > deadline:
            pytest.fail(f"{what}: not within {within_s:g} s\n{explain()}")
        time.sleep(_POLL_S)
    return answer
