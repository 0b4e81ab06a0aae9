"""INSERTs whose data arrives in pieces."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from sinks.embedded.engine import engine_fault

__all__ = ["CheckedInsert", "Insert", "StreamedInsert"]


class Insert(Protocol):
    """A running INSERT.

    What was not finished stays invisible, as long as it fits in one part: the engine writes
    one about every million rows (`min_insert_block_size_rows`), like any ClickHouse.
    """

    def append(self, data: bytes) -> None:
        """Give the engine a piece of the data; raises EngineError."""

    def finish(self) -> int:
        """Commit, and return the rows written, views included; raises EngineError."""

    def cancel(self) -> None:
        """Drop what is not committed. After `finish` it does nothing; it never raises."""


class StreamedInsert:
    """An INSERT through the engine's own stream, in constant memory.

    Args:
        stream: what `send_insert` of a chDB connection returned.
    """

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def append(self, data: bytes) -> None:
        """Give the engine a piece of the data; raises EngineError."""
        try:
            self._stream.append(data)
        except RuntimeError as error:
            raise engine_fault(error) from error

    def finish(self) -> int:
        """Commit, and return the rows written, views included; raises EngineError."""
        try:
            return int(self._stream.finish().rows_written)
        except RuntimeError as error:
            raise engine_fault(error) from error

    def cancel(self) -> None:
        """Drop what is not committed. After `finish` it does nothing; it never raises."""
        try:
            self._stream.cancel()
        except RuntimeError:
            # The engine had given it up already: there is nothing left to drop.
            return


class CheckedInsert(StreamedInsert):
    """An INSERT by way of a temporary table, because the engine's stream skips constraints.

    Args:
        stream: a stream into the temporary table.
        ask: runs a statement in a format.
        commit: the INSERT SELECT from the temporary table, which checks the constraints.
        drop: removes the temporary table.
    """

    def __init__(
        self, stream: Any, ask: Callable[[str, str], bytes], *, commit: str, drop: str
    ) -> None:
        super().__init__(stream)
        self._ask = ask
        self._commit = commit
        self._drop = drop

    def finish(self) -> int:
        """Commit, and return the rows; raises EngineError, VIOLATED_CONSTRAINT among others."""
        rows = super().finish()
        self._ask(self._commit, "Null")
        return rows

    def cancel(self) -> None:
        """Remove the temporary table; what was committed stays."""
        super().cancel()
        self._ask(self._drop, "Null")
