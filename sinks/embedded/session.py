"""A session: one chDB connection, with its database, settings and temporary tables."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sinks.embedded.engine import Engine, engine_fault, quote_name
from sinks.embedded.faults import CODES, EngineError
from sinks.embedded.inserts import CheckedInsert, Insert, StreamedInsert
from sinks.embedded.overrides import Overrides
from sinks.embedded.statements import InsertHead, Statement

__all__ = ["Chunk", "Columns", "Session"]

Columns = tuple[tuple[str, str], ...]
# What a server differs in from `clickhouse local`, which chDB is.
_BASE: Final = {
    "implicit_select": "0",
    "allow_introspection_functions": "0",
    "output_format_native_write_json_as_string": "1",
}
_NOT_STREAMED: Final = "Streaming query is not supported"


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of an answer in the format asked for, and what the engine counted for it."""

    data: bytes
    rows: int = 0
    read_rows: int = 0
    read_bytes: int = 0


class Session:
    """Runs one statement at a time; only `cancel` may be called from another thread.

    Args:
        engine: the engine of this process.
        database: where to start; empty for the server's default.

    Raises:
        EngineError: UNKNOWN_DATABASE.
    """

    def __init__(self, engine: Engine, database: str = "") -> None:
        self._engine = engine
        self._conn = engine.connect()
        self.token = engine.new_token()
        # Counts queries; a cancel names the one it means, so that it never hits the next.
        self.turn = 0
        self.running = False
        self._guard = threading.Lock()
        # A second connection: the first is busy while it streams. Opened when it is needed.
        self._side: Any = None
        self._database = database or engine.database
        self._overrides = Overrides(self._read, {**_BASE, "log_comment": self.token})
        try:
            self.use(self._database)
        except EngineError:
            self._conn.close()
            raise

    def _read(self, sql: str, output: str = "Null") -> bytes:
        return self.run(sql, output).data

    def use(self, database: str) -> None:
        """Change the session's database; raises EngineError UNKNOWN_DATABASE."""
        self._read(f"USE {quote_name(database)}")
        self._database = database

    def configure(self, settings: Mapping[str, str], important: frozenset[str]) -> None:
        """Put exactly these settings in force for the statements to come.

        Raises:
            EngineError: a value is refused, or one of `important` is unknown; other unknown
                settings are ignored, as ClickHouse does.
        """
        marked = dict(settings)
        if "log_comment" in marked:
            marked["log_comment"] = f"{self.token} {marked['log_comment']}"
        self._overrides.apply(marked, important)

    def check_single(self, sql: str) -> None:
        """Refuse several statements in one text, as a server does; raises EngineError."""
        if ";" not in sql.rstrip().rstrip(";"):
            return
        if self._conn._conn.classify_query(sql)["statement_count"] > 1:  # noqa: SLF001 - not wrapped
            raise EngineError.named(
                "SYNTAX_ERROR", "Syntax error: Multi-statements are not allowed"
            )

    def changes_data(self, statement: Statement) -> bool:
        """Tell whether a statement does more than read or change its own session."""
        if statement.keyword in ("SET", "USE"):
            return False
        found = self._conn._conn.classify_query(statement.sql)  # noqa: SLF001 - not wrapped
        return str(found["query_class"].name) != "READ_ONLY"

    def whole(
        self, statement: Statement, output: str, params: Mapping[str, str] | None = None
    ) -> Chunk:
        """Run a statement and return its whole answer in one piece; raises EngineError."""
        if statement.keyword == "SET":
            self._overrides.forget()
        answer = self.run(statement.sql, output, params)
        if statement.keyword == "USE":
            self._database = self._read("SELECT currentDatabase()", "TSVRaw").decode().strip()
        return answer

    def run(self, sql: str, output: str, params: Mapping[str, str] | None = None) -> Chunk:
        """Run a statement and return its whole answer; raises EngineError."""
        try:
            result = self._conn.query(sql, output, params=dict(params or {}))
        except RuntimeError as error:
            raise engine_fault(error) from error
        data = result.bytes() if result.size() else b""
        return Chunk(
            data, result.rows_read(), result.storage_rows_read(), result.storage_bytes_read()
        )

    def execute(
        self, statement: Statement, output: str, params: Mapping[str, str] | None = None
    ) -> Iterator[Chunk]:
        """Yield the answer piece by piece, or whole where the engine cannot stream.

        Raises:
            EngineError: at the first piece, or later when the statement fails half way.
        """
        if not statement.streams:
            yield self.whole(statement, output, params)
            return
        try:
            stream = self._conn.send_query(statement.sql, output, params=dict(params or {}))
        except RuntimeError as error:
            fault = engine_fault(error)
            if _NOT_STREAMED not in fault.text:
                raise fault from error
            yield self.run(statement.sql, output, params)
            return
        try:
            while (piece := stream.fetch()) is not None:
                yield Chunk(
                    piece.bytes(),
                    piece.rows_read(),
                    piece.storage_rows_read(),
                    piece.storage_bytes_read(),
                )
        except RuntimeError as error:
            raise engine_fault(error) from error
        finally:
            stream.cancel()

    def columns_of(self, statement: Statement, params: Mapping[str, str] | None = None) -> Columns:
        """Return the columns of a statement whose answer was empty; it must change nothing."""
        if not statement.reads:
            return ()
        if not statement.streams:
            answer = self.run(statement.sql, "JSONCompact", params).data
            meta = json.loads(answer)["meta"] if answer else []
            return tuple((column["name"], column["type"]) for column in meta)
        inner = statement.sql.strip().rstrip(";")
        return self._described(f"DESCRIBE TABLE ({inner}\n)", params)

    def insert_columns(self, head: InsertHead) -> Columns:
        """Return the columns an INSERT without data expects; raises EngineError."""
        if head.names is None:
            return self._described(f"DESCRIBE TABLE {head.target}")
        try:
            return self._described(f"DESCRIBE TABLE (SELECT {head.names} FROM {head.target})")
        except EngineError as fault:
            if fault.code == CODES["SYNTAX_ERROR"] or head.is_function:
                raise
            # EPHEMERAL and `* EXCEPT` columns can be written but not read so.
            known = dict(self._described(f"DESCRIBE TABLE {head.target}", every=True))
            names = [name.strip().strip('`"') for name in head.names.split(",")]
            if any(name not in known for name in names):
                raise
            return tuple((name, known[name]) for name in names)

    def _described(
        self, sql: str, params: Mapping[str, str] | None = None, *, every: bool = False
    ) -> Columns:
        rows = json.loads(self.run(sql, "JSONCompact", params).data)["data"]
        hidden = () if every else ("MATERIALIZED", "ALIAS", "EPHEMERAL")
        return tuple((row[0], row[1]) for row in rows if row[2] not in hidden)

    def types_of(
        self, statement: Statement, params: Mapping[str, str] | None = None
    ) -> tuple[str, ...]:
        """Return the types of a statement's columns while it streams; empty: not known.

        The side connection does not see temporary tables.
        """
        if not statement.streams:
            return ()
        sql = f"DESCRIBE TABLE ({statement.sql.strip().rstrip(';')}\n)"
        try:
            if self._side is None:
                self._side = self._engine.connect()
            self._side.query(f"USE {quote_name(self._database)}", "Null")
            answer = self._side.query(sql, "JSONCompact", params=dict(params or {}))
        except RuntimeError:
            return ()
        return tuple(row[1] for row in json.loads(answer.bytes())["data"])

    def insert(self, head: InsertHead, input_format: str) -> Insert:
        """Start an INSERT whose data follows; raises EngineError."""
        if self._is_constrained(head):
            name = f"insert_{self.token}"
            columns = self.insert_columns(head)
            self.make_temporary(name, columns)
            source = f"SELECT {', '.join(quote_name(each) for each, _ in columns)}"
            return CheckedInsert(
                self._stream(f"INSERT INTO {quote_name(name)}", input_format),
                self._read,
                commit=f"{head.sql} {source} FROM {quote_name(name)}",
                drop=f"DROP TEMPORARY TABLE IF EXISTS {quote_name(name)}",
            )
        return StreamedInsert(self._stream(head.sql, input_format))

    def _stream(self, sql: str, input_format: str) -> Any:
        try:
            return self._conn.send_insert(sql, input_format)
        except RuntimeError as error:
            raise engine_fault(error) from error

    def _is_constrained(self, head: InsertHead) -> bool:
        """Whether the table has CHECKs, which the engine's streamed inserts leave out."""
        if head.is_function:
            return False
        try:
            created = self._read(f"SHOW CREATE TABLE {head.target}", "TSVRaw")
        except EngineError:
            return False  # a temporary table, or none: the insert itself will tell
        return b" CONSTRAINT " in created

    def make_temporary(self, name: str, columns: Columns) -> None:
        """Make a temporary table in memory; raises EngineError."""
        typed = ", ".join(f"{quote_name(each)} {kind}" for each, kind in columns)
        self._read(f"CREATE TEMPORARY TABLE {quote_name(name)} ({typed}) ENGINE = Memory")

    def fill_temporary(self, name: str, data: bytes, input_format: str) -> None:
        """Put a query's external data into a temporary table; raises EngineError."""
        insert = StreamedInsert(self._stream(f"INSERT INTO {quote_name(name)}", input_format))
        try:
            insert.append(data)
            insert.finish()
        finally:
            insert.cancel()

    def drop_temporary(self, name: str) -> None:
        """Drop it again."""
        self._read(f"DROP TEMPORARY TABLE IF EXISTS {quote_name(name)}")

    def begin(self) -> None:
        """Mark the start of what `cancel` may stop."""
        with self._guard:
            self.turn += 1
            self.running = True

    def end(self) -> None:
        """Mark its end; waits for a cancel that is on its way."""
        with self._guard:
            self.running = False

    def cancel(self, turn: int) -> bool:
        """Stop the query of that turn, from any thread; say whether it still ran."""
        with self._guard:
            if not self.running or turn != self.turn:
                return False
            self._engine.kill(self.token)
            return True

    def close(self) -> None:
        """Give the connection back to the engine, which drops its temporary tables."""
        if self._side is not None:
            self._side.close()
        self._conn.close()
