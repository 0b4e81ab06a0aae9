"""What the programs compared with Earshot share: how they read an answer and where they write it."""

from __future__ import annotations

import os
import signal
from datetime import UTC, datetime
from typing import Any

from clickhouse_driver import Client

from schemas.codec import Decoder
from schemas.framing import unframe
from schemas.registry import FileRegistry, subject_of
from tests.builders import ANSWERS

__all__ = ["Row", "Table", "decode", "die_after_insert", "row_of"]

Row = tuple[str, str, float, datetime]

_SCHEMA = FileRegistry().latest(subject_of(ANSWERS))
_DECODER = Decoder(_SCHEMA, _SCHEMA)


def decode(value: bytes) -> dict[str, Any]:
    """Return an answer; raises as any decoder does if the bytes are none."""
    framed = unframe(value)
    if framed is None:
        msg = "not an Avro record with a schema id"
        raise ValueError(msg)
    return _DECODER.decode(framed.body)


def row_of(answer: dict[str, Any]) -> Row:
    at = datetime.fromtimestamp(answer["responded_at"] / 1000, UTC)
    return answer["event_id"], answer["response_id"], answer["value_number"], at


def die_after_insert() -> None:
    """Die as of `kill -9` here, the first time, if `STOCK_KILL_AFTER_INSERT` is set."""
    if os.environ.get("STOCK_KILL_AFTER_INSERT"):
        os.kill(os.getpid(), signal.SIGKILL)


class Table:
    """The table `answers` of the database `STOCK_DATABASE`, over one connection."""

    def __init__(self) -> None:
        database = os.environ["STOCK_DATABASE"]
        self._insert = (
            f"INSERT INTO {database}.answers "
            "(event_id, response_id, value_number, responded_at) VALUES"
        )
        self._client = Client(
            host=os.environ["STOCK_CLICKHOUSE_HOST"],
            port=int(os.environ["STOCK_CLICKHOUSE_PORT"]),
            user=os.environ["STOCK_CLICKHOUSE_USER"],
            password=os.environ["STOCK_CLICKHOUSE_PASSWORD"],
        )

    def insert(self, rows: list[Row], settings: dict[str, Any] | None = None) -> None:
        """Insert rows; after an error the next insert comes over a new connection.

        Raises:
            clickhouse_driver.errors.Error, OSError, EOFError: It may or may not have been written.
        """
        try:
            self._client.execute(self._insert, rows, settings=settings)
        except BaseException:
            self._client.disconnect()
            raise
