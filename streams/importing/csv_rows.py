"""CSV: the rows of a text with a header line, streamed."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from schemas.errors import ConfigError
from streams.importing.coming_back import raw_column, still_raw
from streams.importing.mapping import Input
from streams.importing.reasons import Refused
from streams.importing.rows import Row

__all__ = ["CsvRows"]


class CsvRows:
    """A CSV file. Quoted cells may hold line breaks; the module's limit bounds a cell to 128 KiB.

    Raises:
        ConfigError: There is no header, or a column is named twice.
    """

    def __init__(self, path: Path, options: Input) -> None:
        self._path = path
        self._size = max(1, path.stat().st_size)
        encoding = options.encoding
        if encoding.lower().replace("_", "-") in {"utf-8", "utf8"}:
            encoding = "utf-8-sig"  # reads past a byte order mark, if there is one
        # Bytes of another encoding become surrogates: they refuse their row, not the file.
        self._bytes = path.open("rb")
        self._file = io.TextIOWrapper(
            self._bytes, encoding=encoding, errors="surrogateescape", newline=""
        )
        self._lines: list[str] = []
        self._reader = csv.reader(self._remembered(), delimiter=options.delimiter)
        try:
            self.columns: tuple[str, ...] = self._header()
        except BaseException:
            self.close()
            raise

    def _remembered(self) -> Iterator[str]:
        """Yield the lines and hold those of the row at hand: a broken one is kept as it was."""
        for line in self._file:
            self._lines.append(line)
            yield line

    def _header(self) -> tuple[str, ...]:
        try:
            names = tuple(name.strip() for name in next(self._reader, []))
        except (csv.Error, UnicodeError) as error:
            raise self._unreadable(error) from None
        if not any(names):
            raise ConfigError(
                f"{self._path} has no header line.", cure="Name its columns in line 1."
            )
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ConfigError(
                f"{self._path} names columns twice: {', '.join(twice)}.",
                cure="Rename them in its header line.",
            )
        return names

    def has(self, column: str) -> bool:
        """Return whether the header names `column`."""
        return column in self.columns

    def getter(self, column: str) -> Callable[[Any], Any]:
        """Return the function from a row's cells to one cell."""
        index = self.columns.index(column)
        return lambda cells: cells[index]

    def read(self, skip: int = 0) -> Iterator[Row]:
        """Yield the rows after the first `skip`. Empty lines are no rows."""
        number = 0
        width = len(self.columns)
        raw = raw_column(self.columns)
        reader, lines = self._reader, self._lines
        while True:
            line = reader.line_num + 1
            broken = None
            lines.clear()
            try:
                cells = next(reader)
            except StopIteration:
                return
            except UnicodeError as error:
                raise self._unreadable(error) from None
            except csv.Error as error:
                # The module's texts name limits and characters, never the data.
                cells, broken = [], Refused("broken_row", str(error))
            else:
                if not cells:
                    continue
                if len(cells) != width:
                    broken = Refused(
                        "broken_row", f"{len(cells)} columns where the header has {width}"
                    )
            number += 1
            if number <= skip:
                continue
            if broken is not None:
                text = "".join(lines).removesuffix("\n").removesuffix("\r")
                yield Row(number, line, cells, text, broken)
            else:
                unsolved = still_raw(cells[raw]) if raw is not None else None
                yield Row(number, line, cells, cells, unsolved)

    def progress(self) -> float:
        """Return the share of the bytes read so far, 0 to 1."""
        return min(1.0, self._bytes.tell() / self._size)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _unreadable(self, error: Exception) -> ConfigError:
        what = "is not text" if isinstance(error, UnicodeError) else "is not CSV"
        return ConfigError(
            f"{self._path} {what} as the mapping reads it ({type(error).__name__}, near line "
            f"{self._reader.line_num + 1}).",
            cure="Set input.encoding and input.delimiter.",
        )
