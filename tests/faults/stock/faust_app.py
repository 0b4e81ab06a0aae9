"""A Faust application as Faust's user guide teaches it: one agent that writes to ClickHouse.

All settings are Faust's defaults, except for those a test names. `STOCK_PATTERN` chooses the loop:
`take` (batches), `each` (an insert for each event) or `noack` (acknowledged by hand after the insert).
The insert runs in a thread, so that it does not hold up Faust's own work.
"""

from __future__ import annotations

import asyncio
import os
from typing import Any

import faust
from faust.serializers import codecs

from tests.faults.stock.rows import Table, decode, die_after_insert, row_of

BATCH = 100
WITHIN_S = 0.5


class AnswerCodec(codecs.Codec):
    """Answers as they travel: Avro with a schema id."""

    def _loads(self, s: bytes) -> Any:
        return decode(s)


codecs.register("answers", AnswerCodec())

app = faust.App(
    os.environ["STOCK_GROUP"],
    broker=f"kafka://{os.environ['STOCK_BROKERS']}",
    stream_wait_empty=os.environ.get("STOCK_WAIT_EMPTY") != "no",
)
# `typed`: Faust decodes. Otherwise the agent does.
typed = os.environ.get("STOCK_TYPED") == "yes"
answers = app.topic(os.environ["STOCK_TOPIC"], value_serializer="answers" if typed else "raw")
table = Table()


async def write(values: list[Any]) -> None:
    rows = [row_of(value if typed else decode(value)) for value in values]
    await asyncio.to_thread(table.insert, rows)
    die_after_insert()


async def take(stream: Any) -> None:
    async for values in stream.take(BATCH, within=WITHIN_S):
        await write(values)


async def each(stream: Any) -> None:
    async for value in stream:
        await write([value])


async def noack(stream: Any) -> None:
    async for event in stream.noack().events():
        await write([event.value])
        event.ack()


app.agent(answers, name="writer")(
    {"take": take, "each": each, "noack": noack}[os.environ["STOCK_PATTERN"]]
)
