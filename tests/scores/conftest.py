"""ClickHouse's engine with the functions of Earshot."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.scores.engine import STATEMENTS, Query, engine


@pytest.fixture(scope="package")
def query() -> Iterator[Query]:
    with engine() as run:
        for statement in STATEMENTS:
            run(statement)
        yield run
