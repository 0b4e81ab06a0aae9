"""All local parts together: start them, stop them, or borrow them for a while."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Never

from deploy.local.clickhouse import ClickHouseAccess, ClickHousePart
from deploy.local.config import LocalConfig
from deploy.local.home import Home
from deploy.local.kafka import KafkaPart
from deploy.local.part import Part, PartStatus, silent
from deploy.local.prerequisites import Problem, disk_problem, require
from schemas.errors import LocalError

__all__ = [
    "LocalParts",
    "borrowed",
    "local_parts",
    "part_statuses",
    "start_parts",
    "stop_parts",
]


@dataclass(frozen=True, slots=True)
class LocalParts:
    """Where the running parts are, and how to get in."""

    brokers: str
    clickhouse: ClickHouseAccess


def start_parts(
    config: LocalConfig, *, say: Callable[[str], None] = silent
) -> tuple[LocalParts, tuple[str, ...]]:
    """Start what does not run yet in this home, and wait until all parts answer.

    The parts outlive this process. If one fails, or on SIGINT and SIGTERM, those that this call
    started are stopped again.

    Returns:
        Where the parts are, and the names of those that this call started.

    Raises:
        LocalError: Something is missing on this machine, or a part failed.
    """
    kafka, clickhouse = KafkaPart(config, say=say), ClickHousePart(config, say=say)
    with Home(config.home).locked(), _ends_by_exception(), ExitStack() as undo:
        started = _start((clickhouse, kafka), config, undo)
        undo.pop_all()
    return LocalParts(kafka.address, clickhouse.access), started


def stop_parts(config: LocalConfig) -> tuple[str, ...]:
    """Stop what runs in this home. Returns the names of the parts that did run."""
    if not config.home.exists():
        return ()
    with Home(config.home).locked():
        parts = (KafkaPart(config), ClickHousePart(config))
        return tuple(part.name for part in parts if part.stop())


def part_statuses(config: LocalConfig) -> tuple[PartStatus, ...]:
    """Ask every part once how it is."""
    return tuple(part.status() for part in (KafkaPart(config), ClickHousePart(config)))


@contextmanager
def local_parts(
    config: LocalConfig, *, say: Callable[[str], None] = silent
) -> Iterator[LocalParts]:
    """Run both parts inside a `with` block, in a home where none runs yet.

    Nothing is left running after it: not after an exception, SIGINT, SIGTERM or SIGHUP, and not
    after a SIGKILL of this process. Enter it in a thread that lives as long as the block.

    Raises:
        LocalError: Something is missing on this machine, or a part failed or runs already.
    """
    kafka = KafkaPart(config, tied=True, say=say)
    clickhouse = ClickHousePart(config, tied=True, say=say)
    with borrowed(clickhouse, kafka):
        yield LocalParts(kafka.address, clickhouse.access)


@contextmanager
def borrowed(*parts: Part) -> Iterator[None]:
    """Run some parts of one home inside a `with` block; `local_parts` says what that promises."""
    config = parts[0].config
    with _ends_by_exception(), ExitStack() as undo:
        with Home(config.home).locked():
            for part in parts:
                if record := part.record:
                    raise LocalError(
                        f"{part.name} (pid {record.pid}) runs already in {config.home}.",
                        cure="Run `earshot down`, or set EARSHOT_HOME to another folder.",
                    )
            _start(parts, config, undo)
        yield


def _start(parts: Sequence[Part], config: LocalConfig, undo: ExitStack) -> tuple[str, ...]:
    """Start the parts that do not run, with their stop on the stack, and wait for all of them."""
    missing = [part for part in parts if part.record is None]
    if missing:
        problems: list[Problem | None] = [disk_problem(config.home)]
        for part in missing:
            problems += part.problems()
        require(problems)
    for part in missing:
        undo.callback(_stop_undisturbed, part)
        part.start()
    for part in parts:
        part.wait_ready()
    return tuple(part.name for part in missing)


def _stop_undisturbed(part: Part) -> None:
    """Stop a part without being interrupted; that takes `stop_s` at most."""
    with _handled((signal.SIGINT, signal.SIGTERM, signal.SIGHUP), signal.SIG_IGN):
        part.stop()


@contextmanager
def _ends_by_exception() -> Iterator[None]:
    """Turn SIGTERM and SIGHUP into SystemExit, which unwinds; Python itself would just end."""

    def leave(number: int, frame: FrameType | None) -> Never:
        raise SystemExit(128 + number)

    with _handled((signal.SIGTERM, signal.SIGHUP), leave):
        yield


@contextmanager
def _handled(
    signals: Sequence[signal.Signals],
    handler: Callable[[int, FrameType | None], None] | signal.Handlers,
) -> Iterator[None]:
    # Only the main thread may set handlers, and only there do they interrupt.
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = {number: signal.signal(number, handler) for number in signals}
    try:
        yield
    finally:
        for number, old in previous.items():
            signal.signal(number, old if old is not None else signal.SIG_DFL)
