"""Sessions that HTTP requests share by `session_id`."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from sinks.embedded import limits
from sinks.embedded.engine import Engine
from sinks.embedded.faults import EngineError
from sinks.embedded.session import Session

__all__ = ["HttpSessions"]


@dataclass(slots=True)
class _Kept:
    session: Session
    timeout_s: float
    used: float
    lock: threading.Lock = field(default_factory=threading.Lock)


class HttpSessions:
    """Opens a session for each request, or finds the one it names."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._guard = threading.Lock()
        self._kept: dict[tuple[str, str], _Kept] = {}

    @contextlib.contextmanager
    def use(
        self, user: str, name: str, *, timeout_s: float, must_exist: bool, close: bool
    ) -> Iterator[Session]:
        """Lend a session to one request; without a name it lives as long as the request.

        Raises:
            EngineError: SESSION_IS_LOCKED while another request uses it, SESSION_NOT_FOUND.
        """
        if not name:
            session = Session(self._engine)
            try:
                yield session
            finally:
                session.close()
            return
        kept = self._take((user, name), timeout_s, must_exist=must_exist)
        try:
            yield kept.session
        finally:
            kept.used = time.monotonic()
            kept.lock.release()
            if close:
                self._drop((user, name))

    def _take(self, key: tuple[str, str], timeout_s: float, *, must_exist: bool) -> _Kept:
        with self._guard:
            self._expire()
            kept = self._kept.get(key)
            if kept is None and must_exist:
                raise EngineError.named("SESSION_NOT_FOUND", f"Session {key[1][:100]} not found")
            if kept is None:
                if len(self._kept) >= limits.HTTP_MAX_SESSIONS:
                    raise EngineError.named(
                        "TOO_MANY_SIMULTANEOUS_QUERIES",
                        f"More than {limits.HTTP_MAX_SESSIONS} HTTP sessions are open",
                    )
                kept = self._kept[key] = _Kept(Session(self._engine), timeout_s, time.monotonic())
            if not kept.lock.acquire(blocking=False):
                raise EngineError.named(
                    "SESSION_IS_LOCKED", f"Session {key[1][:100]} is locked by a concurrent client"
                )
            kept.timeout_s = min(timeout_s, limits.HTTP_MAX_SESSION_TIMEOUT_S)
        return kept

    def _expire(self) -> None:
        now = time.monotonic()
        for key, kept in list(self._kept.items()):
            if kept.used + kept.timeout_s < now and kept.lock.acquire(blocking=False):
                del self._kept[key]
                kept.session.close()

    def _drop(self, key: tuple[str, str]) -> None:
        with self._guard:
            kept = self._kept.pop(key, None)
        if kept is not None:
            kept.session.close()

    def close(self) -> None:
        """Close every session; no request runs any more."""
        with self._guard:
            for kept in self._kept.values():
                kept.session.close()
            self._kept.clear()
