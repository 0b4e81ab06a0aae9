"""The statements that run now, by the ids clients gave them; who may log in."""

from __future__ import annotations

import contextlib
import hmac
import threading
from collections.abc import Iterator
from dataclasses import dataclass

from sinks.embedded.faults import EngineError
from sinks.embedded.session import Session
from sinks.embedded.watch import Watcher

__all__ = ["Gate", "Running"]


@dataclass(frozen=True, slots=True)
class Gate:
    """The one user of the server; `password` None lets everybody in."""

    user: str
    password: str | None

    def check(self, user: str, password: str) -> None:
        """Raise EngineError AUTHENTICATION_FAILED unless both are right."""
        if self.password is None:
            return
        same_user = hmac.compare_digest(user.encode(), self.user.encode())
        same_password = hmac.compare_digest(password.encode(), self.password.encode())
        if not (same_user and same_password):
            raise EngineError.named(
                "AUTHENTICATION_FAILED",
                f"{user[:100]}: Authentication failed: password is incorrect, "
                "or there is no user with such name.",
            )


class Running:
    """Finds a session by the id of the query it runs."""

    def __init__(self, watcher: Watcher) -> None:
        self._watcher = watcher
        self._guard = threading.Lock()
        self._sessions: dict[str, Session] = {}

    @contextlib.contextmanager
    def named(self, query_id: str, session: Session) -> Iterator[None]:
        """Keep `query_id` while the context lasts; raises EngineError when it is in use."""
        if not query_id:
            yield
            return
        with self._guard:
            if query_id in self._sessions:
                raise EngineError.named(
                    "QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING",
                    f"Query with id = {query_id[:100]} is already running.",
                )
            self._sessions[query_id] = session
        try:
            yield
        finally:
            with self._guard:
                del self._sessions[query_id]

    def kill(self, query_id: str) -> None:
        """Cancel the query with this id; an id that runs nothing is no error, as in ClickHouse."""
        with self._guard:
            session = self._sessions.get(query_id)
        if session is not None:
            self._watcher.cancel(session)
