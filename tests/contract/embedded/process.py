"""A server process under test."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.waiting import until

USER = "earshot"
PASSWORD = "pass'wörd \\1"
START_TIMEOUT_S = 30.0


@dataclass(frozen=True)
class Address:
    """Where a server listens."""

    port: int
    http_port: int
    pid: int
    host: str = "127.0.0.1"


class ServerProcess:
    """Starts `python -m sinks.embedded` on free ports, and ends only that process."""

    def __init__(self, folder: Path, *, auth: bool = False, data: Path | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.data = data or folder / "data"
        self.ready = folder / "ready.json"
        self.log = folder / "server.log"
        login = ["--no-auth"]
        if auth:
            (folder / "password").write_text(PASSWORD + "\n", encoding="utf-8")
            login = ["--user", USER, "--password-file", str(folder / "password")]
        self.command = [
            *(sys.executable, "-m", "sinks.embedded", "--path", str(self.data)),
            *("--port", "0", "--http-port", "0", "--ready-file", str(self.ready)),
            *login,
        ]

    def start(self) -> Address:
        self.ready.unlink(missing_ok=True)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log)
        started = self.process

        def said() -> str:
            return self.log.read_text(encoding="utf-8")

        def is_ready() -> bool:
            assert started.poll() is None, said()
            return self.ready.exists()

        until("the server", is_ready, START_TIMEOUT_S, explain=said)
        found = json.loads(self.ready.read_text(encoding="utf-8"))
        assert found["pid"] == self.process.pid
        return Address(found["port"], found["http_port"], found["pid"], found["host"])

    def end(self, number: signal.Signals, within_s: float = 10.0) -> int:
        """Send a signal, and return the exit code."""
        self.process.send_signal(number)
        return self.process.wait(within_s)

    def kill(self) -> None:
        if self.process.poll() is None:
            self.end(signal.SIGKILL)
