"""One question at a time: threads that ask for the same thing share one answer."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Generic, TypeVar

__all__ = ["SingleFlight"]

Answer = TypeVar("Answer")


class SingleFlight(Generic[Answer]):
    """Run a question once for all threads that ask it while it is being answered."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[Hashable, Future[Answer]] = {}

    def run(self, key: Hashable, ask: Callable[[], Answer]) -> Answer:
        """Return `ask()`, or the answer another thread is already fetching for this key.

        Raises:
            Exception: Whatever `ask` raised; every waiting thread gets it.
        """
        with self._lock:
            running = self._running.get(key)
            mine: Future[Answer] = running or Future()
            if running is None:
                self._running[key] = mine
        if running is not None:
            return running.result()
        try:
            answer = ask()
        except BaseException as error:
            mine.set_exception(error)
            raise
        else:
            mine.set_result(answer)
            return answer
        finally:
            with self._lock:
                del self._running[key]
