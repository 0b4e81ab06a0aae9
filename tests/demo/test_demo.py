"""`earshot demo`, short: it sets up, counts all it sent, and leaves nothing running."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from deploy.local.ports import free_ports
from tests.waiting import until

pytestmark = [pytest.mark.kafka, pytest.mark.clickhouse]

_ROW = re.compile(r"^all +([\d,]+) +([\d,]+) +([\d,]+) +([\d,]+) +([\d,]+) +([\d,]+)$", re.M)


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Start a demo of some seconds on ports of its own."""
    kafka, controller, native, http = free_ports(4)
    settings = {
        "EARSHOT_HOME": str(tmp_path),
        "EARSHOT_DEMO__SECONDS": "8",
        "EARSHOT_LOCAL__KAFKA_PORT": str(kafka),
        "EARSHOT_LOCAL__CONTROLLER_PORT": str(controller),
        "EARSHOT_LOCAL__CLICKHOUSE_PORT": str(native),
        "EARSHOT_LOCAL__CLICKHOUSE_HTTP_PORT": str(http),
    }
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("EARSHOT_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "streams.cli.entry", "demo"],
        env={**inherited, **settings, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    yield process
    if process.poll() is None:
        process.kill()
        process.communicate()


def left_running(home: Path) -> list[str]:
    """Return the commands that still run in a home."""
    return [
        " ".join(process.info["cmdline"])[:80]
        for process in psutil.process_iter(["cmdline"])
        if any(str(home) in part for part in process.info["cmdline"] or ())
    ]


def test_all_that_was_sent_has_a_fate_and_nothing_is_left_running(
    demo: subprocess.Popen[str], tmp_path: Path
) -> None:
    said, _ = demo.communicate(timeout=150)
    assert demo.returncode == 0, said
    row = _ROW.search(said)
    assert row is not None, said
    sent, read, *fates = (int(number.replace(",", "")) for number in row.groups())
    assert sent == read == sum(fates)
    assert sent > 1000
    assert "An incident hurt delivery" in said
    assert "earshot scores --by touchpoint" in said
    until(
        "the end of all processes",
        lambda: not left_running(tmp_path),
        5,
        explain=lambda: "\n".join(left_running(tmp_path)),
    )


def test_an_interrupt_stops_everything(demo: subprocess.Popen[str], tmp_path: Path) -> None:
    assert demo.stdout is not None
    for line in demo.stdout:
        if line.startswith("Starting a worker"):
            break
    demo.send_signal(signal.SIGINT)
    said, _ = demo.communicate(timeout=60)
    assert demo.returncode == 130, said
    assert "Everything that was started is stopped again." in said
    until(
        "the end of all processes",
        lambda: not left_running(tmp_path),
        5,
        explain=lambda: "\n".join(left_running(tmp_path)),
    )
