"""A marketplace's files, and a stage to take them through the real parts."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.clickhouse import ClickHouseAccess
from tests.acceptance.marketplace import write
from tests.worker.harness import Stage, empty_inputs

REAL = os.environ.get("EARSHOT_OLIST", "")


@pytest.fixture(params=["made up", pytest.param("real", marks=pytest.mark.skipif(
    not REAL, reason="EARSHOT_OLIST names no folder of real answers"))])  # fmt: skip
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Return a folder with reviews.csv, orders.csv and customers.csv."""
    if request.param == "real":
        for name in ("reviews.csv", "orders.csv", "customers.csv"):
            shutil.copy(Path(REAL) / name, tmp_path / name)
            (tmp_path / name).chmod(0o644)
    else:
        write(tmp_path, 1200)
    return tmp_path


@pytest.fixture
def stage(kafka_brokers: str, clickhouse: ClickHouseAccess, tmp_path: Path) -> Iterator[Stage]:
    """Return a migrated database over an empty log."""
    one = Stage(kafka_brokers, clickhouse, tmp_path, empty_inputs(kafka_brokers))
    one.migrate()
    yield one
    one.close()
