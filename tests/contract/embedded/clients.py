"""Several independent clients behind one small interface."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import clickhouse_connect
import clickhouse_driver
import pytest
from clickhouse_connect.driver.exceptions import DatabaseError
from clickhouse_driver.errors import ServerException

from tests.contract.embedded.process import PASSWORD, USER, Address

Rows = list[tuple[Any, ...]]


class Client(Protocol):
    """What the contract asks of a client. A failed statement raises `Refused`."""

    def rows(self, sql: str, settings: dict[str, str] | None = None) -> Rows: ...
    def run(self, sql: str) -> None: ...
    def insert(self, table: str, names: Sequence[str], rows: Rows) -> None: ...


class Refused(Exception):
    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Driver:
    def __init__(self, client: clickhouse_driver.Client) -> None:
        self._client = client

    def rows(self, sql: str, settings: dict[str, str] | None = None) -> Rows:
        with _driver_errors():
            found: Rows = self._client.execute(sql, settings=settings)
            return found

    def run(self, sql: str) -> None:
        self.rows(sql)

    def insert(self, table: str, names: Sequence[str], rows: Rows) -> None:
        with _driver_errors():
            self._client.execute(
                f"INSERT INTO {table} ({', '.join(names)}) VALUES",
                rows,
                settings={"insert_block_size": 1000},
            )


@contextlib.contextmanager
def _driver_errors() -> Iterator[None]:
    try:
        yield
    except ServerException as error:
        raise Refused(error.code) from error


class Connect:
    def __init__(self, client: Any) -> None:
        self._client = client

    def rows(self, sql: str, settings: dict[str, str] | None = None) -> Rows:
        with _connect_errors():
            return [tuple(row) for row in self._client.query(sql, settings=settings).result_rows]

    def run(self, sql: str) -> None:
        with _connect_errors():
            self._client.command(sql)

    def insert(self, table: str, names: Sequence[str], rows: Rows) -> None:
        with _connect_errors():
            self._client.insert(table, rows, column_names=list(names))


@contextlib.contextmanager
def _connect_errors() -> Iterator[None]:
    try:
        yield
    except DatabaseError as error:
        found = re.search(r"code: (\d+)", str(error), re.IGNORECASE)
        raise Refused(int(found[1]) if found else -1) from error


class Debian:
    """ClickHouse's C++ client of 2018: it parses and renders every format itself."""

    def __init__(self, program: str, address: Address, database: str) -> None:
        self._command = [
            *(program, "--host", address.host, "--port", str(address.port)),
            *("--user", USER, "--password", PASSWORD, "--database", database),
        ]

    def ask(self, sql: str, *options: str, stdin: str = "") -> str:
        done = subprocess.run(
            [*self._command, *options, "--query", sql],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        if done.returncode:
            found = re.search(r"Code: (\d+)", done.stderr)
            raise Refused(int(found[1]) if found else -done.returncode)
        return done.stdout

    def rows(self, sql: str, settings: dict[str, str] | None = None) -> Rows:
        options = [
            part for name, value in (settings or {}).items() for part in (f"--{name}", value)
        ]
        text = self.ask(
            f"{sql} FORMAT JSONCompact", *options, "--output_format_json_quote_64bit_integers", "0"
        )
        return [tuple(row) for row in json.loads(text)["data"]]

    def run(self, sql: str) -> None:
        self.ask(sql)

    def insert(self, table: str, names: Sequence[str], rows: Rows) -> None:
        lines = "".join(json.dumps(dict(zip(names, row, strict=True))) + "\n" for row in rows)
        self.ask(
            f"INSERT INTO {table} ({', '.join(names)}) FORMAT JSONEachRow",
            "--max_insert_block_size",
            "1000",
            stdin=lines,
        )


def debian_program() -> str:
    program = shutil.which("clickhouse-client")
    if program is None:
        cure = "Debian's clickhouse-client is missing: apt-get install clickhouse-client"
        if os.environ.get("EARSHOT_CI") == "1":
            pytest.fail(cure)
        pytest.skip(cure)
    return program


@contextlib.contextmanager
def open_client(kind: str, address: Address, database: str) -> Iterator[Client]:
    name, _, variant = kind.partition("-")
    if name == "debian":
        yield Debian(debian_program(), address, database)
    elif name == "connect":
        client = clickhouse_connect.get_client(
            host=address.host,
            port=address.http_port,
            username=USER,
            password=PASSWORD,
            database=database,
            compress=variant or False,
        )
        yield Connect(client)
        client.close()
    else:
        options: dict[str, Any] = {"compression": variant if variant in ("lz4", "zstd") else False}
        if variant == "old":
            options["client_revision"] = 54429
        with clickhouse_driver.Client(
            address.host,
            port=address.port,
            user=USER,
            password=PASSWORD,
            database=database,
            send_receive_timeout=20,
            **options,
        ) as driver:
            yield Driver(driver)
