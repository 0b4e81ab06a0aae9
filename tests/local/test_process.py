from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from deploy.local import process
from schemas.errors import LocalError
from tests.waiting import IDLE, until

_SLEEP = [sys.executable, "-S", "-c", IDLE]


@pytest.fixture
def pidfile(tmp_path: Path) -> Path:
    return tmp_path / "part.pid"


def _spawned(pidfile: Path, argv: list[str]) -> process.Record:
    pid = process.spawn(argv, log=pidfile.with_suffix(".log"))
    return process.remember(pidfile, pid, (1, 2))


def test_a_process_is_found_again_and_stopped(pidfile: Path) -> None:
    record = _spawned(pidfile, _SLEEP)
    assert process.recall(pidfile) == record
    assert os.getsid(record.pid) == record.pid  # Ctrl-C in our terminal does not reach it
    uptime_s = process.uptime_s(record)
    assert uptime_s is not None
    assert 0 <= uptime_s < 60
    assert process.stop(record, within_s=10)
    assert process.recall(pidfile) is None
    assert process.uptime_s(record) is None
    assert not psutil.pid_exists(record.pid)


def test_a_reused_pid_is_somebody_else(pidfile: Path) -> None:
    stranger = _spawned(pidfile, _SLEEP)
    ours = replace(stranger, since_boot_s=stranger.since_boot_s - 3600)
    pidfile.write_text(f'{{"pid": {ours.pid}, "since_boot_s": {ours.since_boot_s}, "ports": [1]}}')
    assert process.recall(pidfile) is None
    assert process.stop(ours, within_s=0.1)
    assert process.alive(stranger), "a process that only shares the pid was stopped"
    assert process.stop(stranger, within_s=10)


@pytest.mark.parametrize(
    "text",
    ["", "garbage", "[]", "{}", '{"pid": 1}', '{"pid": "x", "since_boot_s": 1, "ports": []}'],
)
def test_a_damaged_pid_file_stands_for_no_process(pidfile: Path, text: str) -> None:
    pidfile.write_text(text)
    assert process.recall(pidfile) is None


def test_a_pid_file_of_another_user_is_told(pidfile: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_text", refuse)
    with pytest.raises(LocalError, match="belongs to another user"):
        process.recall(pidfile)


def test_a_pid_that_is_gone_stands_for_no_process(pidfile: Path) -> None:
    with subprocess.Popen([sys.executable, "-S", "-c", ""]) as ended:
        ended.wait()
    pidfile.write_text(f'{{"pid": {ended.pid}, "since_boot_s": 1.0, "ports": [1]}}')
    assert process.recall(pidfile) is None


def test_one_that_will_not_listen_is_killed_with_its_children(pidfile: Path) -> None:
    ready = pidfile.with_suffix(".ready")
    code = (
        "import os, pathlib, signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        f"child = os.fork(); child and pathlib.Path({str(ready)!r}).write_text(str(child));"
        f"{IDLE}"
    )
    record = _spawned(pidfile, [sys.executable, "-S", "-c", code])
    until("the child", lambda: ready.exists() and ready.read_text())
    assert process.alive(record)
    assert not process.stop(record, within_s=0.1)
    assert not process.alive(record)
    psutil.wait_procs([psutil.Process(pid) for pid in _existing(int(ready.read_text()))], timeout=5)
    assert not _existing(int(ready.read_text()))


def test_each_start_has_a_log_of_its_own(pidfile: Path) -> None:
    log = pidfile.with_suffix(".log")
    for number in range(2):
        record = _spawned(pidfile, [sys.executable, "-S", "-c", f"print('start {number}\\n\\n')"])
        psutil.wait_procs([psutil.Process(pid) for pid in _existing(record.pid)], timeout=10)
    assert process.tail(log) == "    start 1"
    assert process.tail(log.with_name(log.name + ".1")) == "    start 0"
    assert process.tail(log.with_name("none")) == ""


def test_a_part_gets_no_settings_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARSHOT_CLICKHOUSE__PASSWORD", "secret")
    assert not [name for name in process.environment() if name.startswith("EARSHOT_")]
    assert process.environment()["PATH"] == os.environ["PATH"]


def test_signals_we_ignore_reach_a_part(pidfile: Path) -> None:
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        record = _spawned(pidfile, _SLEEP)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert process.stop(record, within_s=10), "SIGTERM was ignored, it had to be killed"


def _existing(pid: int) -> list[int]:
    return [pid] if psutil.pid_exists(pid) else []
