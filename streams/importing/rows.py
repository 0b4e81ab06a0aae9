"""The rows of a file, one at a time, whatever its format."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol

from schemas.errors import ConfigError
from streams.importing.mapping import Input
from streams.importing.reasons import Refused

__all__ = ["FileFormat", "Row", "Rows", "format_of", "open_rows"]

FileFormat = Literal["csv", "ndjson", "parquet"]

_ENDINGS: dict[str, FileFormat] = {
    ".csv": "csv", ".tsv": "csv", ".txt": "csv",
    ".ndjson": "ndjson", ".jsonl": "ndjson",
    ".parquet": "parquet",
}  # fmt: skip


class Row(NamedTuple):
    """One row: its ordinal from 1, the physical line it starts on, and its cells.

    `raw` is what a file of refused rows repeats: the cells of a CSV row, else a text, as always of
    a row that is broken in itself. `broken` is set where the cells must not be used.
    """

    number: int
    line: int
    cells: Any
    raw: Any
    broken: Refused | None = None


class Rows(Protocol):
    """An open file. `columns` is None where rows may have any (NDJSON)."""

    @property
    def columns(self) -> tuple[str, ...] | None:
        """The columns the file declares."""
        ...

    def has(self, column: str) -> bool:
        """Return whether rows can have `column`."""
        ...

    def getter(self, column: str) -> Callable[[Any], Any]:
        """Return the function from the cells of a row to the value of `column`, None if absent."""
        ...

    def read(self, skip: int = 0) -> Iterator[Row]:
        """Yield the rows after the first `skip`."""
        ...

    def progress(self) -> float:
        """Return the share of the file that was read, 0 to 1."""
        ...

    def close(self) -> None:
        """Close the file."""
        ...


def format_of(path: Path, options: Input) -> FileFormat:
    """Return the format of a file: as the mapping says, or by its ending.

    Raises:
        ConfigError: The ending says nothing.
    """
    found = options.format or _ENDINGS.get(path.suffix.lower())
    if found is None:
        raise ConfigError(
            f"{path.name} could be of any format.",
            cure='Set `format = "csv"`, "ndjson" or "parquet" under [input] of the mapping.',
        )
    return found


def open_rows(path: Path, options: Input, *, columns: frozenset[str] | None = None) -> Rows:
    """Open a file of rows. Nothing but its head is read.

    Args:
        path: The file.
        options: How to read it.
        columns: The columns that will be asked for, None for all: Parquet reads no others.

    Raises:
        ConfigError: The file cannot be opened, or is not of its format.
    """
    from streams.importing.csv_rows import CsvRows  # noqa: PLC0415 - they import this module
    from streams.importing.ndjson_rows import NdjsonRows  # noqa: PLC0415 - likewise

    file_format = format_of(path, options)
    try:
        if file_format == "csv":
            return CsvRows(path, options)
        if file_format == "ndjson":
            return NdjsonRows(path, options)
        return _open_parquet(path, columns)
    except OSError as error:
        raise ConfigError(
            f"Cannot read {path}: {error.strerror or type(error).__name__}.",
            cure="Correct the path, or the permissions of the file.",
        ) from None


def _open_parquet(path: Path, columns: frozenset[str] | None) -> Rows:
    if importlib.util.find_spec("polars") is None:
        raise ConfigError(
            f"Reading {path.name} needs polars.",
            cure="In the folder of the clone of Earshot: pip install '.[parquet]'",
        )
    from streams.importing.parquet_rows import ParquetRows  # noqa: PLC0415 - an optional extra

    return ParquetRows(path, columns)
