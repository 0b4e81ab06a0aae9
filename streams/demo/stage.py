"""Set the demo up on parts of its own, and take everything down again."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from deploy.local import process
from deploy.local.config import LocalConfig
from deploy.local.home import Home
from deploy.local.parts import LocalParts, local_parts, part_statuses
from schemas.errors import LocalError
from sinks.clickhouse import ClickHouse
from streams.migrating import migrate_all
from streams.settings import Settings
from streams.topics import create_topics
from streams.wiring import address_of

__all__ = ["Stage", "staged"]

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Stage:
    """The running parts, and the settings that lead to them."""

    parts: LocalParts
    settings: Settings
    config: LocalConfig
    worker: process.Record

    def check_worker(self) -> None:
        """Raise if the worker ended by itself.

        Raises:
            LocalError: It did; the message holds the end of its log.
        """
        if not process.alive(self.worker):
            log = Home(self.config.home).logs / "worker.log"
            raise LocalError(
                f"The worker stopped. The end of {log}:\n{process.tail(log)}\n",
                cure="Run the demo again; if it stops again, please report it with that log.",
            )


@contextmanager
def staged(settings: Settings, config: LocalConfig, say: Say) -> Iterator[Stage]:
    """Run Kafka, ClickHouse and a worker inside a `with` block, on empty data of their own."""
    # A folder of its own: emptying it at the start touches nobody's data.
    config = replace(config, home=config.home / "demo")
    _empty(config)
    say(f"Starting Kafka and ClickHouse in {config.home} ...")
    with local_parts(config, say=say) as parts:
        ours = _settings(settings, parts)
        say("Creating topics, tables and views ...")
        create_topics(parts.brokers, partitions=ours.kafka.partitions, replication=1)
        clickhouse = ClickHouse(address_of(ours))
        try:
            migrate_all(clickhouse, ours)
        finally:
            clickhouse.close()
        say("Starting a worker ...")
        with _worker(config, ours) as worker:
            yield Stage(parts, ours, config, worker)
            say("Stopping everything ...")


def _empty(config: LocalConfig) -> None:
    if not config.home.exists():
        return
    running = [status for status in part_statuses(config) if status.pid is not None]
    if running:
        raise LocalError(
            f"Another demo runs in {config.home} (pid {running[0].pid}).",
            cure="Stop it with Ctrl-C where it runs, or give this one another EARSHOT_HOME and other "
            "ports (EARSHOT_LOCAL__*).",
        )
    shutil.rmtree(config.home)


def _settings(settings: Settings, parts: LocalParts) -> Settings:
    access = parts.clickhouse
    found = settings.model_dump()
    found["kafka"]["brokers"] = parts.brokers
    found["kafka"]["replication"] = 1
    found["registry"]["url"] = ""
    found["clickhouse"] |= {
        "host": access.host,
        "port": access.port,
        "http_port": access.http_port,
        "user": access.user,
        "password": access.password,
        "password_file": None,
        "secure": False,
    }
    return Settings(**found)


@contextmanager
def _worker(config: LocalConfig, settings: Settings) -> Iterator[process.Record]:
    home = Home(config.home)
    clickhouse = settings.clickhouse
    environment = {
        "EARSHOT_KAFKA__BROKERS": settings.kafka.brokers,
        "EARSHOT_KAFKA__GROUP": settings.kafka.group,
        "EARSHOT_CLICKHOUSE__HOST": clickhouse.host,
        "EARSHOT_CLICKHOUSE__PORT": str(clickhouse.port),
        "EARSHOT_CLICKHOUSE__USER": clickhouse.user,
        "EARSHOT_CLICKHOUSE__PASSWORD_FILE": str(home.password_file),
        "EARSHOT_CLICKHOUSE__DATABASE": clickhouse.database,
        "EARSHOT_LOG__FORMAT": "json",
    }
    if settings.scores.measures_file is not None:
        environment["EARSHOT_SCORES__MEASURES_FILE"] = str(settings.scores.measures_file)
    pid = process.spawn(
        [sys.executable, "-m", "streams.cli.entry", "worker"],
        log=home.logs / "worker.log",
        extra_env=environment,
        tied=True,
    )
    record = process.remember(home.run / "worker.json", pid, ())
    try:
        yield record
    finally:
        process.stop(record, within_s=settings.worker.stop_s + 15)
        process.forget(home.run / "worker.json")
