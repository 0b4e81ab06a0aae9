"""A consumer that leaves exactly-once to ClickHouse: a deduplication token for each range of offsets.

It inserts a batch with a token that names topic, partition, first and last offset, tries again with the
same token until the insert succeeds, and commits then. Before it gives partitions away it ends the batch
it is at. Asynchronous inserts are off, for the token is of the whole batch.
"""

from __future__ import annotations

import asyncio
import os
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import CommitFailedError
from clickhouse_driver import errors

from tests.faults.stock.rows import Row, Table, decode, die_after_insert, row_of

BATCH = 100
AGAIN_S = 0.3


class Sink(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka has no types for it
    """Reads a topic into the table, one batch at a time."""

    def __init__(self) -> None:
        self._table = Table()
        self._at_a_batch = asyncio.Lock()
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=os.environ["STOCK_BROKERS"],
            group_id=os.environ["STOCK_GROUP"],
            enable_auto_commit=False,
            auto_offset_reset="earliest",
        )

    async def run(self) -> None:
        self._consumer.subscribe([os.environ["STOCK_TOPIC"]], listener=self)
        await self._consumer.start()
        while True:
            async with self._at_a_batch:
                batches = await self._consumer.getmany(timeout_ms=50, max_records=BATCH)
                for part, records in batches.items():
                    await self._write(part, records)
            await asyncio.sleep(0)

    async def on_partitions_revoked(self, revoked: list[TopicPartition]) -> None:
        async with self._at_a_batch:
            pass

    async def on_partitions_assigned(self, assigned: list[TopicPartition]) -> None:
        pass

    async def _write(self, part: TopicPartition, records: list[Any]) -> None:
        first, last = records[0].offset, records[-1].offset
        token = f"{part.topic}-{part.partition}-{first}-{last}"
        await self._insert([row_of(decode(record.value)) for record in records], token)
        die_after_insert()
        try:
            await self._consumer.commit({part: last + 1})
        except CommitFailedError as error:  # the partition is another's now
            print(f"not committed: {token}: {error}", flush=True)

    async def _insert(self, rows: list[Row], token: str) -> None:
        settings = {"async_insert": 0, "insert_deduplication_token": token}
        while True:
            try:
                await asyncio.to_thread(self._table.insert, rows, settings)
            except (errors.Error, OSError, EOFError) as error:
                print(f"again: {token}: {type(error).__name__}", flush=True)
                await asyncio.sleep(AGAIN_S)
            else:
                return


async def main() -> None:
    await Sink().run()


if __name__ == "__main__":
    asyncio.run(main())
