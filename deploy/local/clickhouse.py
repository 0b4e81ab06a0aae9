"""The local ClickHouse: the embedded server, as a process of its own."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local import process
from deploy.local.config import HOST
from deploy.local.part import Launch, Part
from deploy.local.prerequisites import Problem, chdb_problem, port_problem

__all__ = ["ClickHouseAccess", "ClickHousePart"]

_PROBE_S = 5.0


@dataclass(frozen=True, slots=True)
class ClickHouseAccess:
    """Where a ClickHouse is, and how to get in."""

    host: str
    port: int
    http_port: int
    user: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Ready:
    pid: int
    port: int
    http_port: int


class ClickHousePart(Part):
    """The embedded ClickHouse of a home folder."""

    name = "ClickHouse"
    key = "clickhouse"

    @property
    def log(self) -> Path:
        """The server's own log."""
        return self.home.logs / "clickhouse.log"

    @property
    def data(self) -> Path:
        """The folder of the databases."""
        return self.home.clickhouse

    @property
    def port(self) -> int:
        """The native port, which Earshot uses."""
        ready = self._ready()
        return ready.port if ready else super().port

    @property
    def http_port(self) -> int:
        """The HTTP port, which BI tools use."""
        ready = self._ready()
        return ready.http_port if ready else self.config.clickhouse_http_port

    @property
    def access(self) -> ClickHouseAccess:
        """What a client needs; the ports are final once `wait_ready` has returned."""
        return ClickHouseAccess(
            host=HOST,
            port=self.port,
            http_port=self.http_port,
            user=self.config.user,
            password=self.home.password() or "",
        )

    @property
    def _configured_port(self) -> int:
        return self.config.clickhouse_port

    @property
    def _ready_file(self) -> Path:
        return self.home.run / "clickhouse.json"

    def problems(self) -> list[Problem | None]:
        """Check chDB and the ports."""
        return [
            chdb_problem(),
            port_problem("ClickHouse", self.config.clickhouse_port, "clickhouse_port"),
            port_problem(
                "ClickHouse's HTTP interface",
                self.config.clickhouse_http_port,
                "clickhouse_http_port",
            ),
        ]

    def stop(self) -> bool:
        """Stop the process, by force if it takes too long. Returns False if none was running."""
        stopped = super().stop()
        self._ready_file.unlink(missing_ok=True)
        return stopped

    def _launch(self) -> Launch:
        self.home.keep_password(self.config.password)
        self._ready_file.unlink(missing_ok=True)
        ports = (self.config.clickhouse_port, self.config.clickhouse_http_port)
        # -P: a folder named `sinks` where the user happens to be is not ours.
        command = [sys.executable, "-P", "-m", "sinks.embedded", "--path", str(self.data)]
        command += ["--host", HOST, "--port", str(ports[0]), "--http-port", str(ports[1])]
        command += ["--user", self.config.user, "--password-file", str(self.home.password_file)]
        command += ["--ready-file", str(self._ready_file)]
        return Launch(argv=tuple(command), env=(("PYTHONUNBUFFERED", "1"),), ports=ports)

    def _ready(self) -> _Ready | None:
        """Return what the running server wrote when it was ready, None before that."""
        record = self.record
        if record is None:
            return None
        try:
            fields = json.loads(self._ready_file.read_text(encoding="utf-8"))
            ready = _Ready(int(fields["pid"]), int(fields["port"]), int(fields["http_port"]))
        except (FileNotFoundError, ValueError, TypeError, KeyError):
            return None
        return ready if ready.pid == record.pid else None

    def _hurdle(self, record: process.Record) -> str:
        from clickhouse_driver import Client  # noqa: PLC0415 - takes a while to load
        from clickhouse_driver.errors import Error  # noqa: PLC0415 - loads the driver too

        ready = self._ready()
        if ready is None:
            return f"process {record.pid} is not ready yet"
        with (
            _quiet("clickhouse_driver"),
            Client(
                host=HOST,
                port=ready.port,
                user=self.config.user,
                password=self.home.password() or "",
                connect_timeout=_PROBE_S,
                send_receive_timeout=_PROBE_S,
                sync_request_timeout=_PROBE_S,
            ) as client,
        ):
            try:
                answered = client.execute("SELECT 1") == [(1,)]
            except (Error, OSError, EOFError) as error:
                said = str(error).strip().splitlines() or [type(error).__name__]
                return f"no answer to SELECT 1 at {HOST}:{ready.port} ({said[0]})"
        return "" if answered else f"a wrong answer to SELECT 1 at {HOST}:{ready.port}"


@contextmanager
def _quiet(name: str) -> Iterator[None]:
    """Keep a library from logging the failures, with stack traces, that we tell in a sentence."""
    logger = logging.getLogger(name)
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)
