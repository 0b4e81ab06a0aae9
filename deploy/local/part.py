"""One local part: a server that `earshot up` starts and `earshot down` stops."""

from __future__ import annotations

import signal
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

from deploy.local import process
from deploy.local.config import HOST, LocalConfig
from deploy.local.home import Home, disk_usage
from deploy.local.prerequisites import Problem
from schemas.errors import LocalError

__all__ = ["Launch", "Part", "PartStatus", "State", "silent"]

State = Literal["running", "stopped", "unhealthy"]

_POLL_S = 0.05


@dataclass(frozen=True, slots=True)
class PartStatus:
    """How a part is. `unhealthy` is a process that runs and does not answer."""

    name: str
    state: State
    pid: int | None
    address: str
    uptime_s: float | None
    data_bytes: int


@dataclass(frozen=True, slots=True)
class Launch:
    """What to run for a part, and the ports it is given; the first is the one clients use."""

    argv: tuple[str, ...]
    env: tuple[tuple[str, str], ...]
    ports: tuple[int, ...]


def silent(message: str) -> None:
    """Take a progress message and show it to nobody."""


class Part(ABC):
    """A server in a home folder.

    A `tied` part is killed with the thread that started it; any other outlives this process.
    `say` is told about steps that take long.
    """

    name: ClassVar[str]
    key: ClassVar[str]

    def __init__(
        self, config: LocalConfig, *, tied: bool = False, say: Callable[[str], None] = silent
    ) -> None:
        self.config = config
        self.home = Home(config.home)
        self.say = say
        self._tied = tied
        self._pidfile = self.home.run / f"{self.key}.pid"

    @property
    @abstractmethod
    def log(self) -> Path:
        """The file with the process's output, whose end explains a failed start."""

    @property
    def whole_log(self) -> Path:
        """The file to read when `log` does not explain it."""
        return self.log

    @property
    @abstractmethod
    def data(self) -> Path:
        """The folder with the part's data."""

    @abstractmethod
    def problems(self) -> list[Problem | None]:
        """Check what this machine needs for the part to start."""

    @abstractmethod
    def _launch(self) -> Launch:
        """Prepare a start: files, folders and the command."""

    @abstractmethod
    def _hurdle(self, record: process.Record) -> str:
        """Ask the server for an answer. Returns why there is none, empty if all is well."""

    @property
    def record(self) -> process.Record | None:
        """The running process of this part in this home, None if there is none."""
        return process.recall(self._pidfile)

    @property
    def port(self) -> int:
        """The port clients use: of the running process, else the one a start would take."""
        record = self.record
        return record.ports[0] if record else self._configured_port

    @property
    @abstractmethod
    def _configured_port(self) -> int: ...

    @property
    def address(self) -> str:
        """Where clients find the part."""
        return f"{HOST}:{self.port}"

    def start(self) -> bool:
        """Start the process; `wait_ready` says when it can be used.

        Returns:
            False if it runs already, and nothing was done.

        Raises:
            LocalError: It cannot be started here.
        """
        if self.record is not None:
            return False
        self.home.prepare()
        launch = self._launch()
        with _signals_held():  # between a process and its pid file nobody may interrupt
            pid = process.spawn(
                launch.argv, log=self.log, extra_env=dict(launch.env), tied=self._tied
            )
            process.remember(self._pidfile, pid, launch.ports)
        return True

    def wait_ready(self) -> None:
        """Return as soon as the server answers.

        Raises:
            LocalError: It ended, or did not answer in time; the end of its log is in the message.
        """
        deadline = time.monotonic() + self.config.start_s
        while True:
            record = self.record
            if record is None:
                raise LocalError(
                    f"{self.name} ended while it started.{self._end_of_log()}",
                    cure=f"See {self.whole_log}, and run `earshot up` again.",
                )
            hurdle = self._hurdle(record)
            if not hurdle:
                return
            if time.monotonic() > deadline:
                raise LocalError(
                    f"{self.name} (pid {record.pid}) did not answer within "
                    f"{self.config.start_s:g} seconds: {hurdle}.{self._end_of_log()}",
                    cure="Give it longer with EARSHOT_LOCAL__START_S, "
                    "or run `earshot down` and then `earshot up`.",
                )
            time.sleep(_POLL_S)

    def stop(self) -> bool:
        """Stop the process, by force if it takes too long. Returns False if none was running."""
        record = self.record
        if record is not None:
            process.stop(record, within_s=self.config.stop_s)
        process.forget(self._pidfile)
        return record is not None

    def status(self) -> PartStatus:
        """Ask once how the part is."""
        record = self.record
        state: State = "stopped"
        if record is not None:
            state = "unhealthy" if self._hurdle(record) else "running"
        return PartStatus(
            name=self.name,
            state=state,
            pid=record.pid if record else None,
            address=self.address,
            uptime_s=process.uptime_s(record) if record else None,
            data_bytes=disk_usage(self.data),
        )

    def _end_of_log(self) -> str:
        for log in (self.log, self.whole_log):
            if end := process.tail(log):
                return f" The end of {log}:\n{end}\n"
        return ""


@contextmanager
def _signals_held() -> Iterator[None]:
    held = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, held)
