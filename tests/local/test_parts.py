"""The life of parts, with processes that only sleep. Run as a script, it borrows one for a minute."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import psutil
import pytest

from deploy.local import parts, process
from deploy.local.config import LocalConfig
from deploy.local.home import Home
from deploy.local.part import Launch, Part
from deploy.local.parts import borrowed, start_parts, stop_parts
from deploy.local.prerequisites import Problem
from schemas.errors import LocalError
from tests.waiting import IDLE, until


class Sleeper(Part):
    """A part that answers as soon as its process runs."""

    name = "Sleeper"
    key = "sleeper"
    code: ClassVar[str] = f"print('awake', flush=True); {IDLE}"
    hurdle: ClassVar[str] = ""

    @property
    def log(self) -> Path:
        return self.home.logs / f"{self.key}.log"

    @property
    def data(self) -> Path:
        return self.home.path / self.key

    @property
    def _configured_port(self) -> int:
        return 7

    def problems(self) -> list[Problem | None]:
        return []

    def _launch(self) -> Launch:
        return Launch(argv=(sys.executable, "-S", "-c", self.code), env=(), ports=(7,))

    def _hurdle(self, record: process.Record) -> str:
        return self.hurdle or ("" if "awake" in process.tail(self.log) else "it is not awake")


class Failing(Sleeper):
    name = "Failing"
    key = "failing"
    code = "import sys; sys.exit('\\nthe reason')"
    hurdle = "not yet"


class Mute(Sleeper):
    name = "Mute"
    key = "mute"
    hurdle = "it says nothing"


class Choosy(Sleeper):
    name = "Choosy"
    key = "choosy"

    def problems(self) -> list[Problem | None]:
        return [Problem("It is too cold.", "Heat.")]


@pytest.fixture
def config(tmp_path: Path) -> LocalConfig:
    return LocalConfig(home=tmp_path / "home", cache=tmp_path, start_s=2, stop_s=10)


def _pretend(monkeypatch: pytest.MonkeyPatch, first: type[Part], second: type[Part]) -> None:
    monkeypatch.setattr(parts, "KafkaPart", first)
    monkeypatch.setattr(parts, "ClickHousePart", second)
    monkeypatch.setattr(Sleeper, "access", None, raising=False)


def test_starting_twice_is_fine_and_so_is_stopping(config: LocalConfig) -> None:
    part = Sleeper(config)
    assert part.start()
    try:
        part.wait_ready()
        status = part.status()
        assert (status.state, status.address) == ("running", "127.0.0.1:7")
        assert status.pid == part.record.pid if part.record else None
        again = Sleeper(config)
        assert not again.start()
        assert again.record == part.record
    finally:
        assert part.stop()
    assert not part.stop()
    assert part.status().state == "stopped"
    assert part.status().pid is None
    assert list(Home(config.home).run.iterdir()) == []


def test_one_that_fails_is_told_with_the_end_of_its_log(config: LocalConfig) -> None:
    part = Failing(config)
    part.start()
    with pytest.raises(LocalError, match=r"Failing ended while it started.*\n    the reason"):
        part.wait_ready()


def test_one_that_does_not_answer_is_unhealthy(config: LocalConfig) -> None:
    part = Mute(replace(config, start_s=0.3))
    part.start()
    try:
        with pytest.raises(LocalError, match=r"within 0.3 seconds: it says nothing"):
            part.wait_ready()
        assert part.status().state == "unhealthy"
    finally:
        part.stop()


def test_what_was_started_is_stopped_when_another_fails(
    config: LocalConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    _pretend(monkeypatch, Sleeper, Failing)
    with pytest.raises(LocalError, match="Failing ended"):
        start_parts(config)
    assert Sleeper(config).status().state == "stopped"


def test_ctrl_c_stops_what_was_started(
    config: LocalConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(part: Part) -> None:
        assert part.record is not None
        os.kill(os.getpid(), signal.SIGINT)

    _pretend(monkeypatch, Sleeper, Mute)
    monkeypatch.setattr(Mute, "wait_ready", interrupt)
    with pytest.raises(KeyboardInterrupt):
        start_parts(config)
    assert Sleeper(config).record is None
    assert Mute(config).record is None


def test_what_ran_before_is_left_alone_when_another_fails(
    config: LocalConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    _pretend(monkeypatch, Sleeper, Failing)
    before = Sleeper(config)
    before.start()
    try:
        with pytest.raises(LocalError, match="Failing ended"):
            start_parts(config)
        assert before.status().state == "running"
    finally:
        before.stop()


def test_nothing_is_started_when_something_is_missing(
    config: LocalConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    _pretend(monkeypatch, Sleeper, Choosy)
    monkeypatch.setattr(Sleeper, "start", lambda _: pytest.fail("started"))
    with pytest.raises(LocalError, match=r"It is too cold\. Heat\."):
        start_parts(config)


def test_up_says_what_it_started_and_down_what_it_stopped(
    config: LocalConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    _pretend(monkeypatch, Sleeper, Sleeper)
    assert stop_parts(config) == ()
    assert not config.home.exists(), "down made a home"
    try:
        _, started = start_parts(config)
        assert started == ("Sleeper", "Sleeper")
        _, started = start_parts(config)
        assert started == ()
    finally:
        assert stop_parts(config) == ("Sleeper",)
    assert stop_parts(config) == ()


def test_a_borrowed_part_is_stopped_after_an_exception(config: LocalConfig) -> None:
    part = Sleeper(config, tied=True)
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(ZeroDivisionError), borrowed(part):
        assert part.status().state == "running"
        assert signal.getsignal(signal.SIGTERM) != before
        raise ZeroDivisionError
    assert part.status().state == "stopped"
    assert signal.getsignal(signal.SIGTERM) == before


def test_a_running_home_is_not_borrowed(config: LocalConfig) -> None:
    owner = Sleeper(config)
    owner.start()
    try:
        owner.wait_ready()
        with (
            pytest.raises(LocalError, match="runs already"),
            borrowed(Sleeper(config, tied=True)),
        ):
            pytest.fail("borrowed what is somebody else's")
        assert owner.status().state == "running"
    finally:
        owner.stop()


def test_a_thread_can_borrow_too(config: LocalConfig) -> None:
    states: list[str] = []

    def borrow() -> None:
        part = Sleeper(config, tied=True)
        with borrowed(part):
            states.append(part.status().state)
        states.append(part.status().state)

    thread = threading.Thread(target=borrow)
    thread.start()
    thread.join(30)
    assert states == ["running", "stopped"]


@pytest.mark.parametrize(
    ("number", "ends_with"),
    [
        (signal.SIGINT, -signal.SIGINT),
        (signal.SIGTERM, 128 + signal.SIGTERM),
        (signal.SIGHUP, 128 + signal.SIGHUP),
        (signal.SIGKILL, -signal.SIGKILL),
    ],
)
def test_no_signal_leaves_a_borrowed_part_behind(
    config: LocalConfig, number: signal.Signals, ends_with: int
) -> None:
    command = [sys.executable, "-m", __name__, str(config.home)]
    with subprocess.Popen(
        command,
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as borrower:
        assert borrower.stdout is not None
        pid = int(borrower.stdout.readline())
        assert psutil.pid_exists(pid)
        os.kill(borrower.pid, number)
        assert borrower.wait(30) == ends_with
    # Killed by the kernel, it may take a moment; stopped by its borrower, it is gone by now.
    if number == signal.SIGKILL:
        until("its end", lambda: Sleeper(config).record is None, 10)
    assert Sleeper(config).record is None


def _borrow_for_a_minute(home: Path) -> None:
    part = Sleeper(LocalConfig(home=home, cache=home), tied=True)
    with borrowed(part):
        assert part.record is not None
        print(part.record.pid, flush=True)
        signal.alarm(60)
        signal.pause()


if __name__ == "__main__":
    _borrow_for_a_minute(Path(sys.argv[1]))
