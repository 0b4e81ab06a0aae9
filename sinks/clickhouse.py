"""ClickHouse over its native protocol: the only module that names the driver.

A connection belongs to one thread at a time. The outcome of a write that failed half-way is unknown;
all writes here are upserts, so the cure is always to write again.
"""

from __future__ import annotations

import re
import socket
import struct
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from clickhouse_driver import Client, errors

from schemas.errors import SinkError
from sinks.tables import Table

__all__ = ["DATA_CODES", "RETRYABLE", "Address", "ClickHouse", "SinkRefused", "SinkUnavailable"]

#: Server errors that pass: load, limits of the moment, replicas on their way, a full disk.
#: Source: github.com/ClickHouse/clickhouse-kafka-connect, util/Utils.java, and our own fault tests.
RETRYABLE: frozenset[int] = frozenset(
    {3, 76, 107, 159, 164, 202, 203, 209, 210, 236, 241, 242, 243, 246, 252, 285, 319, 425, 999}
)

#: Errors for which a value is to blame, so that other rows of the same insert may be fine.
#: Source: github.com/ClickHouse/ClickHouse, src/Common/ErrorCodes.cpp
DATA_CODES: frozenset[int] = frozenset(
    {6, 27, 38, 41, 53, 69, 70, 72, 117, 131, 190, 321, 349, 407, 469}
)

#: The code of a value that does not fit its column, which the driver finds before the server does.
_TYPE_MISMATCH = 53

#: Seconds to connect and to be greeted.
_GREETING_S = 10.0

#: Unknown user, wrong password, and the like.
_NOT_LET_IN = frozenset({192, 193, 194, 516})

#: Errors whose text names tables, columns, functions or rights. Any other may quote a value.
_NAMES_ONLY = frozenset({16, 46, 47, 60, 81, 497})

_HANG_UP_S = 0.5

# Asynchronous inserts would merge the batches of several writers and report errors too late;
# deduplication of inserts can drop rows that were never stored. Our rows are upserts instead.
_INSERT_SETTINGS: dict[str, Any] = {
    "async_insert": 0,
    "deduplicate_insert": "disable",
    "insert_deduplicate": 0,
    "max_partitions_per_insert_block": 0,
}


class SinkUnavailable(SinkError):
    """ClickHouse did not answer, or asked to come again later. Write again."""


class SinkRefused(SinkError):
    """ClickHouse refused for a reason that will not pass. `code` is its own error code."""

    def __init__(self, what: str, *, code: int, cure: str = "") -> None:
        super().__init__(what, cure=cure)
        self.code = code

    @property
    def of_a_value(self) -> bool:
        """Whether a value is to blame, and not the statement or the table."""
        return self.code in DATA_CODES


@dataclass(frozen=True, slots=True)
class Address:
    """Where ClickHouse is, and as whom to speak to it."""

    host: str
    port: int
    user: str
    password: str
    database: str
    secure: bool = False
    timeout_s: float = 60.0

    def __repr__(self) -> str:
        return f"{self.user}@{self.host}:{self.port}/{self.database}"


class ClickHouse:
    """One connection, opened when it is first used and again after a failure.

    Raises:
        SinkUnavailable: ClickHouse does not answer, or a passing error of the server.
        SinkRefused: Any other error of the server.
    """

    def __init__(self, address: Address) -> None:
        self.address = address
        self._client: Client | None = None
        self._lock = threading.Lock()

    def rows(
        self,
        sql: str,
        params: Mapping[str, Any] | None = None,
        *,
        settings: Mapping[str, Any] | None = None,
    ) -> list[tuple[Any, ...]]:
        """Run a query and return its rows."""
        with self._connected() as client:
            rows: list[tuple[Any, ...]] = client.execute(sql, params, settings=dict(settings or {}))
            return rows

    def named_rows(
        self, sql: str, params: Mapping[str, Any] | None = None
    ) -> tuple[list[str], list[tuple[Any, ...]]]:
        """Run a query and return the names of its columns, and its rows."""
        with self._connected() as client:
            rows, columns = client.execute(sql, params, with_column_types=True)
            return [name for name, _ in columns], rows

    def command(self, sql: str) -> None:
        """Run a statement that returns nothing."""
        with self._connected() as client:
            client.execute(sql)

    def insert(self, table: Table, columns: Sequence[Sequence[Any]]) -> int:
        """Upsert rows given as columns, in the order of `table.columns`; return how many."""
        if not columns or not columns[0]:
            return 0
        rows = len(columns[0])
        names = ", ".join(table.columns)
        with self._connected() as client, _told_as_refused(table, self.address):
            client.execute(
                f"INSERT INTO {self.address.database}.{table.name} ({names}) VALUES",
                list(columns),
                columnar=True,
                settings={**_INSERT_SETTINGS, "insert_block_size": max(rows, 1)},
            )
        return rows

    def close(self) -> None:
        """Close the connection; the next call opens it again.

        A call that another thread waits in fails, instead of being waited for.
        """
        client = self._client
        if self._lock.acquire(blocking=False):
            try:
                self._drop()
            finally:
                self._lock.release()
        elif client is not None:
            _hang_up(client)

    def _drop(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.disconnect()

    @contextmanager
    def _connected(self) -> Iterator[Client]:
        with self._lock:
            try:
                if self._client is None:
                    self._client = self._open()
                yield self._client
            except SinkRefused:
                self._drop()  # the server still waits for the rest of the rows
                raise
            except errors.ServerException as error:
                # The server answered in order, so the connection itself is fine.
                raise _server_error(error, self.address) from None
            except (errors.Error, OSError, EOFError) as error:
                # A socket that failed half-way through an answer must never be read again.
                self._drop()
                raise _lost(error, self.address) from None
            except BaseException:
                self._drop()
                raise

    def _open(self) -> Client:
        address = self.address
        greeting_s = min(_GREETING_S, address.timeout_s)
        client = Client(
            host=address.host,
            port=address.port,
            user=address.user,
            password=address.password,
            # The database may not exist yet, so every statement names it in full.
            database="default",
            secure=address.secure,
            connect_timeout=greeting_s,
            # Whatever listens there may be no ClickHouse: it need not be given a query's time.
            send_receive_timeout=greeting_s,
            compression="lz4",
            client_name="earshot",
        )
        connection = client.connection
        try:
            connection.connect()
        except BaseException:
            # Refused in the greeting, the driver forgets the socket without closing it.
            if connection.socket is not None:
                connection.socket.close()
            client.disconnect()
            raise
        connection.send_receive_timeout = address.timeout_s
        connection.socket.settimeout(address.timeout_s)
        return client


@contextmanager
def _told_as_refused(table: Table, address: Address) -> Iterator[None]:
    """Tell of a value that does not fit its column as the server would."""
    try:
        yield
    except (struct.error, ArithmeticError, AttributeError, TypeError, ValueError) as error:
        kind = type(error).__name__
    except errors.TypeMismatchError as error:
        kind = type(error).__name__
    else:
        return
    raise SinkRefused(
        f"A value does not fit its column of the table {table.name} of {address!r} ({kind}).",
        code=_TYPE_MISMATCH,
        cure="Run `earshot migrate`.",
    )


def _hang_up(client: Client) -> None:
    """End the wait of a thread for an answer that may never come."""
    connection = client.connection
    # The driver may try once more on a new connection; that must not take long either.
    connection.connect_timeout = connection.send_receive_timeout = _HANG_UP_S
    if connection.socket is not None:
        with suppress(OSError):
            connection.socket.shutdown(socket.SHUT_RDWR)


def _server_error(error: errors.ServerException, address: Address) -> SinkError:
    code = error.code
    if code in RETRYABLE:
        return SinkUnavailable(f"ClickHouse {address!r} is busy (code {code}).")
    if code in _NOT_LET_IN:
        return SinkRefused(
            f"ClickHouse {address!r} refuses the user or password.",
            code=code,
            cure="Correct EARSHOT_CLICKHOUSE__USER and EARSHOT_CLICKHOUSE__PASSWORD; for the parts of "
            "`earshot up` or the demo, set EARSHOT_HOME to their home.",
        )
    cure = (
        "Run `earshot migrate`." if code in (60, 81) else "Its log says more."
    )  # unknown table or database
    return SinkRefused(
        f"ClickHouse {address!r} refuses (code {code}): {_told(error)}", code=code, cure=cure
    )


def _told(error: errors.ServerException) -> str:
    """Return what the server said, without its stack trace and without what may be data."""
    text = str(error.message).removeprefix("DB::Exception: ").split("Stack trace:", 1)[0]
    if error.code in _NAMES_ONLY:
        # What follows is the query, with all its values.
        names = re.split(r"[.:]? In scope |\n", text, maxsplit=1)[0]
        return f"{names.rstrip(' .')[:300]}."
    name = re.search(r"\(([A-Z][A-Z0-9_]+)\)[. ]*$", text)
    return f"{name[1]}." if name else "it says no more."


def _lost(error: Exception, address: Address) -> SinkUnavailable:
    return SinkUnavailable(
        f"ClickHouse {address!r} does not answer ({type(error).__name__}).",
        cure="Start it (`earshot up` on a laptop), or correct EARSHOT_CLICKHOUSE__HOST and __PORT.",
    )
