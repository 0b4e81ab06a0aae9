"""A database of its own on the shared server, and what a worker would have written to it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from deploy.local.clickhouse import ClickHouseAccess
from schemas.measures import Measures
from sinks.clickhouse import ClickHouse
from sinks.tables import TABLES
from streams.fold.columns import ledger_columns, raw_columns, slice_columns
from streams.fold.kinds import KINDS
from streams.fold.partition import Decoded
from tests.builders import NOW_MS
from tests.databases import migrated_database
from tests.fold.model import MEASURES, Tables, Worker
from tests.verifying.rows import DAY


class Written:
    """A database that holds what a worker made of some logs."""

    def __init__(self, clickhouse: ClickHouse) -> None:
        self.clickhouse = clickhouse
        self.database = clickhouse.address.database

    def fold(
        self,
        topic: str,
        records: Sequence[dict[str, Any]],
        *,
        chunk: int = 4,
        epoch: int = 0,
        partition: int = 0,
        measures: Measures = MEASURES,
        steps: Sequence[str] = ("raw", "slices", "ledger"),
    ) -> None:
        """Fold a log from its start, and write the tables named."""
        log = [Decoded(offset, NOW_MS + 99 * DAY, one) for offset, one in enumerate(records)]
        worker = Worker(Tables(KINDS[topic]), 0, chunk=chunk, measures=measures)
        worker.take(log)
        drained = worker.fold.drain()
        origin = (topic, epoch, partition)
        raw = TABLES[KINDS[topic].table]
        if "raw" in steps:
            self.clickhouse.insert(raw, raw_columns(raw, drained.rows, origin))
        if "slices" in steps:
            self.clickhouse.insert(TABLES["slices"], slice_columns(drained.slices, origin))
        if "ledger" in steps:
            columns = ledger_columns(drained.ledgers, origin, "w1")
            self.clickhouse.insert(TABLES["ledger"], columns)
        definitions: list[list[Any]] = [[measures.version], ["f"], [measures.text]]
        self.clickhouse.insert(TABLES["definitions"], definitions)

    def change(self, statement: str) -> None:
        """Run a mutation, with the name of the database filled in, and wait for it."""
        text = statement.format(database=self.database)
        self.clickhouse.command(f"{text} SETTINGS mutations_sync = 2")


@pytest.fixture(scope="module")
def database(clickhouse: ClickHouseAccess) -> Iterator[ClickHouse]:
    """Return a connection to a database with all tables."""
    with migrated_database(clickhouse) as one:
        yield one


@pytest.fixture
def written(database: ClickHouse) -> Written:
    """Return a database whose tables are empty."""
    for table in TABLES:
        database.command(f"TRUNCATE TABLE {database.address.database}.{table}")
    return Written(database)
