"""The loop that takes connections, while it cannot take any and when it is to end."""

from __future__ import annotations

import socket
import threading
from typing import Any, cast

import pytest
from structlog.testing import capture_logs

from sinks.embedded import limits
from sinks.embedded.accepting import accept

#: How many attempts a failing listener was asked to make; without a pause it is thousands.
TRIES = 5


class Broken:
    """A listener without a file descriptor to spare."""

    def __init__(self, stopping: threading.Event) -> None:
        self.tries = 0
        self._stopping = stopping

    def accept(self) -> Any:
        self.tries += 1
        if self.tries == TRIES:
            self._stopping.set()
        raise OSError(24, "Too many open files")


def loop(listener: Any, stopping: threading.Event) -> threading.Thread:
    thread = threading.Thread(
        target=accept,
        args=(cast("socket.socket", listener), cast("Any", None), cast("Any", None), stopping),
        daemon=True,
    )
    thread.start()
    return thread


def test_a_listener_that_is_shut_down_ends_the_loop_without_a_word() -> None:
    stopping = threading.Event()
    with capture_logs() as logs, socket.create_server(("127.0.0.1", 0)) as listener:
        thread = loop(listener, stopping)
        stopping.set()
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(5)  # not closed yet: this alone must end it
        assert not thread.is_alive()
    assert logs == []


def test_between_two_failures_there_is_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "ACCEPT_PAUSE_S", 30.0)
    stopping = threading.Event()
    broken = Broken(stopping)
    with capture_logs() as logs:
        thread = loop(broken, stopping)
        thread.join(0.3)
        assert thread.is_alive()
        stopping.set()  # also during the pause
        thread.join(5)
    assert not thread.is_alive()
    assert broken.tries == 1
    assert [one["event"] for one in logs] == ["accept_failed"]


def test_it_tries_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "ACCEPT_PAUSE_S", 0.001)
    stopping = threading.Event()
    broken = Broken(stopping)
    with capture_logs() as logs:
        loop(broken, stopping).join(5)
    assert broken.tries == TRIES
    assert len(logs) == TRIES - 1
