"""The real Kafka and the embedded ClickHouse that all tests share, each started once a session."""

from __future__ import annotations

import os
import signal
import warnings
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import settings

with warnings.catch_warnings():
    # kafka-python reads its schemas with a function that Python 3.11 deprecates.
    warnings.simplefilter("ignore", DeprecationWarning)
    import kafka  # noqa: F401 - loaded here, where the warning is silenced

from deploy.local.clickhouse import ClickHouseAccess, ClickHousePart
from deploy.local.config import LocalConfig, default_cache
from deploy.local.kafka import KafkaPart
from deploy.local.parts import borrowed
from deploy.local.ports import free_ports
from schemas.errors import LocalError
from streams.topics import create_topics

_TRIES = 3

# A shell that runs us in the background ignores SIGINT for us, and what a test starts would
# inherit it: a test that interrupts would wait for ever.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Time says nothing about a law, so no example has a deadline. Whoever works on the code sees other
# examples in every run; CI sees the same ones, so that a red run is the fault of its change.
settings.register_profile("dev", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.register_profile("soak", deadline=None, max_examples=5_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))


@pytest.fixture(scope="session")
def kafka_brokers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run one Kafka for the whole session; yields `127.0.0.1:PORT`."""
    with ExitStack() as stack:
        for attempt in range(_TRIES):
            broker, controller = free_ports(2)
            part = KafkaPart(
                LocalConfig(
                    home=tmp_path_factory.mktemp("kafka"),
                    cache=default_cache(),
                    kafka_port=broker,
                    controller_port=controller,
                ),
                tied=True,
            )
            try:
                stack.enter_context(borrowed(part))
                break
            except LocalError:  # another program may have taken a port in the meantime
                if attempt == _TRIES - 1:
                    raise
        # Which test comes first differs between runs; how many partitions the topics have must not.
        create_topics(part.address, partitions=4, replication=1)
        yield part.address


@pytest.fixture(scope="session")
def clickhouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouseAccess]:
    """Run one embedded ClickHouse for the whole session; yields where it is and the password."""
    part = ClickHousePart(
        LocalConfig(
            home=tmp_path_factory.mktemp("clickhouse"),
            cache=default_cache(),
            clickhouse_port=0,
            clickhouse_http_port=0,
        ),
        tied=True,
    )
    with borrowed(part):
        yield part.access


@pytest.fixture
def no_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the test without settings, in a folder and a home of its own."""
    for name in [name for name in os.environ if name.startswith("EARSHOT_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EARSHOT_HOME", str(tmp_path / "home"))
