"""The embedded ClickHouse of a home folder: not there, there, or there and silent."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.local import process
from deploy.local.clickhouse import ClickHousePart
from deploy.local.config import LocalConfig
from deploy.local.parts import borrowed
from schemas.errors import LocalError
from streams.doctor import Unmeasured
from streams.doctor.engine import engine_runs
from tests.waiting import IDLE


@pytest.fixture
def config(tmp_path: Path) -> LocalConfig:
    return LocalConfig(home=tmp_path, cache=tmp_path, clickhouse_port=0, clickhouse_http_port=0)


@pytest.fixture
def silent(tmp_path: Path) -> Iterator[int]:
    """Run a process that the home takes for its engine, and that answers nothing."""
    child = subprocess.Popen([sys.executable, "-S", "-c", IDLE])
    (tmp_path / "run").mkdir()
    process.remember(tmp_path / "run" / "clickhouse.pid", child.pid, (1, 2))
    yield child.pid
    child.kill()
    child.wait()


def test_none_was_started(config: LocalConfig) -> None:
    assert engine_runs(config, 9000) == Unmeasured(f"`earshot up` started none in {config.home}")


def test_a_silent_one_fails_with_its_log(config: LocalConfig, silent: int) -> None:
    with pytest.raises(LocalError, match=rf"\(pid {silent}\) runs and does not answer") as caught:
        engine_runs(config, 9000)
    assert "earshot down" in caught.value.cure
    assert str(config.home / "logs" / "clickhouse.log") in caught.value.cure


@pytest.mark.clickhouse
def test_a_running_one_is_told_and_another_port_is_no_failure(config: LocalConfig) -> None:
    part = ClickHousePart(replace(config, start_s=60), tied=True)
    with borrowed(part):
        text = engine_runs(config, part.port)
        assert isinstance(text, str)
        assert f"127.0.0.1:{part.port}" in text
        assert isinstance(engine_runs(config, part.port + 1), Unmeasured)
