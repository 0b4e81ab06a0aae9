"""Send the simulated hour while somebody watches, and wait until all of it is counted."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from schemas.errors import StreamError
from sinks.clickhouse import ClickHouse
from streams.producing import Publisher
from streams.settings import Settings
from streams.simulation import (
    Incident,
    SimulatedEvent,
    SimulationConfig,
    Truth,
    play,
    simulate,
)
from streams.simulation.period import begin_ms
from streams.simulation.sending import send
from streams.wiring import registry_of

__all__ = ["Performance", "demo_config", "fates", "wait_until_counted"]

#: Simulated seconds: an hour, whatever the demo takes.
_HOUR_S = 3600.0

#: Events per real second: enough for intervals that mean something, little for two cores.
_RATE = 500.0

_CATCH_UP_S = 90.0


def demo_config(settings: Settings, now_ms: int) -> SimulationConfig:
    """Return what the demo simulates: an hour with an incident in its second third."""
    speed = _HOUR_S / settings.demo.seconds
    return SimulationConfig(
        start_ms=begin_ms(now_ms=now_ms, plays_s=settings.demo.seconds, speed=speed),
        seed=settings.demo.seed,
        rate=_RATE / speed,
        duration_s=_HOUR_S,
        incident=Incident(after_s=_HOUR_S / 3, lasts_s=_HOUR_S / 3),
    )


@dataclass
class Performance:
    """The stream, sent from a thread of its own."""

    settings: Settings
    config: SimulationConfig
    truth: Truth = field(default_factory=Truth)
    at_ms: int = 0
    error: BaseException | None = None

    def __post_init__(self) -> None:
        self.at_ms = self.config.start_ms
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="demo-stream", daemon=True)

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    @property
    def over(self) -> bool:
        """Whether all is sent.

        Raises:
            EarshotError: Sending failed.
        """
        if self.error is not None:
            raise self.error
        return not self._thread.is_alive()

    def stop(self) -> None:
        """End early."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(timeout=10)

    def _run(self) -> None:
        try:
            registry = registry_of(self.settings)
            brokers = self.settings.kafka.brokers
            with Publisher(brokers, registry, client_id="earshot-demo") as publisher:

                def publish(event: SimulatedEvent) -> None:
                    send(event, publisher)
                    self.truth.add(event)
                    self.at_ms = event.at_ms

                play(
                    simulate(self.config, registry),
                    publish,
                    start_ms=self.config.start_ms,
                    speed=_HOUR_S / self.settings.demo.seconds,
                    clock=time.monotonic,
                    sleep=time.sleep,
                    stopped=self._stop.is_set,
                )
        except BaseException as error:  # handed to the thread that watches
            self.error = error


def fates(clickhouse: ClickHouse) -> dict[str, dict[str, int]]:
    """Return what the ledger counted: topic -> `read` and the four fates."""
    rows = clickhouse.rows(
        "SELECT topic, sum(read), sum(accepted), sum(corrected), sum(duplicate), sum(rejected) "
        f"FROM {clickhouse.address.database}.fates GROUP BY topic ORDER BY topic"
    )
    names = ("read", "accepted", "corrected", "duplicate", "rejected")
    return {topic: dict(zip(names, counts, strict=True)) for topic, *counts in rows}


def wait_until_counted(
    clickhouse: ClickHouse, sent: int, check: Callable[[], None]
) -> dict[str, dict[str, int]]:
    """Wait until as many records were read as were sent, and return their fates.

    Raises:
        StreamError: The worker did not catch up in time.
    """
    deadline = time.monotonic() + _CATCH_UP_S
    while True:
        counted = fates(clickhouse)
        read = sum(topic["read"] for topic in counted.values())
        if read >= sent:
            return counted
        check()
        if time.monotonic() > deadline:
            raise StreamError(
                f"{sent:,} records were sent, but only {read:,} were counted in {_CATCH_UP_S:g} s.",
                cure="Look at logs/worker.log in the demo's home.",
            )
        time.sleep(0.25)
