"""Processes that outlive us: started in their own session, found again by pid and start time."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from deploy.local import tie
from schemas.errors import LocalError

__all__ = [
    "Record",
    "alive",
    "environment",
    "forget",
    "recall",
    "remember",
    "spawn",
    "stop",
    "tail",
    "uptime_s",
]

_SAME_START_S = 2.0
_POLL_S = 0.02
_KILL_S = 10.0


@dataclass(frozen=True, slots=True)
class Record:
    """A process we started: its pid, when it started, and the ports it was given.

    The start is in seconds since the machine's boot: a clock that is set does not change it.
    """

    pid: int
    since_boot_s: float
    ports: tuple[int, ...]


def spawn(
    argv: Sequence[str],
    *,
    log: Path,
    extra_env: Mapping[str, str] | None = None,
    tied: bool = False,
) -> int:
    """Start a command in its own session and return its pid.

    Its output replaces `log`; the previous one stays as `log` with `.1` after it. A `tied` process
    is killed when the calling thread ends; any other outlives us.
    """
    if log.exists():
        log.replace(log.with_name(log.name + ".1"))
    tether = (sys.executable, "-I", "-S", tie.__file__, str(os.getpid())) if tied else ()
    command = [*tether, *argv]
    # Not `subprocess`: its objects complain when they are dropped while the process still runs,
    # which is the very purpose here.
    return os.posix_spawn(
        command[0],
        command,
        {**environment(), **(extra_env or {})},
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(log), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsid=True,
        # A shell that runs us in the background ignores SIGINT for us; children would inherit it.
        setsigmask=(),
        setsigdef=(signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE),
    )


def environment() -> dict[str, str]:
    """Return the environment for a part: ours without settings, which may hold passwords."""
    return {name: value for name, value in os.environ.items() if not name.startswith("EARSHOT_")}


def remember(pidfile: Path, pid: int, ports: tuple[int, ...]) -> Record:
    """Write the pid file of a running process, whole or not at all."""
    try:
        since_boot_s = _since_boot_s(psutil.Process(pid))
    except psutil.NoSuchProcess:  # it failed at once; whoever waits for it will say so
        since_boot_s = -1.0
    record = Record(pid, since_boot_s, ports)
    partial = pidfile.with_suffix(".partial")
    partial.write_text(json.dumps(asdict(record)), encoding="utf-8")
    partial.replace(pidfile)
    return record


def recall(pidfile: Path) -> Record | None:
    """Return the process of a pid file if that very process still runs.

    Raises:
        LocalError: The file is not ours to read.
    """
    try:
        fields = json.loads(pidfile.read_text(encoding="utf-8"))
        record = Record(
            int(fields["pid"]), float(fields["since_boot_s"]), tuple(map(int, fields["ports"]))
        )
    except PermissionError:
        raise LocalError(
            f"Cannot read {pidfile}: it belongs to another user.",
            cure="Become that user, or set EARSHOT_HOME to a folder of yours.",
        ) from None
    except (FileNotFoundError, ValueError, TypeError, KeyError):
        return None
    return record if alive(record) else None


def forget(pidfile: Path) -> None:
    """Remove a pid file."""
    pidfile.unlink(missing_ok=True)


def alive(record: Record) -> bool:
    """Say whether this very process still runs. A reused pid is somebody else, hence False."""
    return _find(record) is not None


def stop(record: Record, *, within_s: float) -> bool:
    """Stop this very process: ask, wait, then kill. Returns False if it had to be killed."""
    for number, wait_s in ((signal.SIGTERM, within_s), (signal.SIGKILL, _KILL_S)):
        if not alive(record):
            return True
        with suppress(ProcessLookupError):
            # It leads its own group, so this reaches what it started as well, and nothing else.
            os.killpg(record.pid, number)
        if _ends(record, wait_s):
            return number == signal.SIGTERM
    return False


def uptime_s(record: Record) -> float | None:
    """Return how long this process has been running, None if it ended."""
    process = _find(record)
    return None if process is None else max(0.0, time.time() - process.create_time())


def tail(log: Path, lines: int = 8) -> str:
    """Return the last lines of a log that are not empty, indented; empty if there are none."""
    try:
        text = log.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return ""
    kept = [line for line in text.splitlines() if line.strip()][-lines:]
    return "\n".join(f"    {line}" for line in kept)


def _find(record: Record) -> psutil.Process | None:
    try:
        process = psutil.Process(record.pid)
        if abs(_since_boot_s(process) - record.since_boot_s) > _SAME_START_S:
            return None
        gone = process.status() == psutil.STATUS_ZOMBIE and _is_over(process)
    except psutil.NoSuchProcess:
        return None
    return None if gone else process


def _is_over(zombie: psutil.Process) -> bool:
    """Say whether a zombie's other threads are gone too: until then its ports are still taken."""
    try:
        return os.waitpid(zombie.pid, os.WNOHANG)[0] == zombie.pid
    except ChildProcessError:  # somebody else's child, who may never come for it
        return zombie.num_threads() <= 1


def _since_boot_s(process: psutil.Process) -> float:
    # psutil adds the boot time on every call, and it moves when the clock is set.
    return process.create_time() - psutil.boot_time()


def _ends(record: Record, within_s: float) -> bool:
    deadline = time.monotonic() + within_s
    while alive(record):
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_S)
    return True
