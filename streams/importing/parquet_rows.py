"""Parquet: rows in batches through polars, only the columns a mapping uses."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl

from schemas.errors import ConfigError
from streams.importing.ndjson_rows import path_getter
from streams.importing.rows import Row

__all__ = ["ParquetRows"]

_BATCH = 20_000


class ParquetRows:
    """A Parquet file. Dotted paths lead into structs and lists. A row's line is its ordinal."""

    def __init__(self, path: Path, columns: frozenset[str] | None) -> None:
        with path.open("rb"):  # a missing file is an OSError here, whatever polars calls it
            pass
        try:
            self._frame = pl.scan_parquet(path)
            self.columns: tuple[str, ...] = tuple(self._frame.collect_schema().names())
            self._total: int = self._frame.select(pl.len()).collect().item()
        except pl.exceptions.PolarsError as error:
            raise ConfigError(
                f"{path} is not a Parquet file that polars can read ({type(error).__name__}).",
                cure="Check the file, or set input.format of the mapping.",
            ) from None
        if columns is not None:
            tops = {name if name in self.columns else name.split(".")[0] for name in columns}
            self._frame = self._frame.select([name for name in self.columns if name in tops])
        self._done = 0

    def has(self, column: str) -> bool:
        """Return whether the file has `column`, or the column its path starts with."""
        return column in self.columns or column.split(".", maxsplit=1)[0] in self.columns

    def getter(self, column: str) -> Callable[[Any], Any]:
        """Return the function from a row's values to the value at a dotted path."""
        return path_getter(column)

    def read(self, skip: int = 0) -> Iterator[Row]:
        """Yield the rows after the first `skip`, a batch in memory at a time."""
        for start in range(skip, self._total, _BATCH):
            batch = self._frame.slice(start, _BATCH).collect()
            for number, cells in enumerate(batch.iter_rows(named=True), start + 1):
                self._done = number
                yield Row(number, number, cells, _Printable(cells))

    def progress(self) -> float:
        """Return the share of the rows read so far, 0 to 1."""
        return self._done / max(1, self._total)

    def close(self) -> None:
        """Nothing stays open between batches."""


class _Printable:
    """A row that becomes JSON only if it is refused."""

    def __init__(self, cells: dict[str, Any]) -> None:
        self._cells = cells

    def __str__(self) -> str:
        return json.dumps(self._cells, ensure_ascii=False, default=_plain)


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime | date) else str(value)
