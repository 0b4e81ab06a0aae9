"""NDJSON: one JSON object a line, with dotted paths into it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from streams.importing.coming_back import RAW, raw_column, still_raw
from streams.importing.mapping import Input
from streams.importing.reasons import Refused
from streams.importing.rows import Row

__all__ = ["NdjsonRows", "path_getter"]

_MAX_LINE = 16 * 1024 * 1024


class NdjsonRows:
    """An NDJSON file. A line longer than 16 MiB is refused, so that memory stays bounded."""

    columns: tuple[str, ...] | None = None

    def __init__(self, path: Path, options: Input) -> None:
        self._size = max(1, path.stat().st_size)
        self._encoding = options.encoding
        self._file = path.open("rb")
        self._read = 0

    def has(self, column: str) -> bool:
        """Return True: every line may have other keys."""
        return True

    def getter(self, column: str) -> Callable[[Any], Any]:
        """Return the function from a row's object to the value at a dotted path."""
        return path_getter(column)

    def read(self, skip: int = 0) -> Iterator[Row]:
        """Yield the rows after the first `skip`. Empty lines are no rows."""
        number = line = 0
        while text := self._file.readline(_MAX_LINE):
            line += 1
            self._read += len(text)
            broken = None
            if len(text) == _MAX_LINE and not text.endswith(b"\n"):
                self._skip_line()
                text, broken = b"", Refused("broken_row", "the line is longer than 16 MiB")
            elif not text.strip(b"\xef\xbb\xbf \t\r\n"):
                continue
            number += 1
            if number > skip:
                yield self._row(number, line, text, broken)

    def progress(self) -> float:
        """Return the share of the bytes read so far, 0 to 1."""
        return min(1.0, self._read / self._size)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _skip_line(self) -> None:
        while (rest := self._file.readline(_MAX_LINE)) and not rest.endswith(b"\n"):
            self._read += len(rest)

    def _row(self, number: int, line: int, data: bytes, broken: Refused | None) -> Row:
        cells: Any = None
        text = ""
        if broken is None:
            try:
                text = data.removeprefix(b"\xef\xbb\xbf").decode(self._encoding).strip()
                cells = json.loads(text)
            except UnicodeError:
                broken = Refused("bad_encoding", "the line is in another encoding")
                # No byte is lost, and what comes of it is no JSON: it stays refused till corrected.
                text = data.decode(self._encoding, errors="backslashreplace").strip()
            except (ValueError, RecursionError):
                broken = Refused("broken_row", "the line is not JSON")
            else:
                if not isinstance(cells, dict):
                    broken = Refused("broken_row", "the line is not a JSON object")
                elif RAW in cells and raw_column(list(cells)) is not None:
                    broken = still_raw(cells[RAW])
        return Row(number, line, cells, text, broken)


def path_getter(path: str) -> Callable[[Any], Any]:
    """Return the function that follows a path such as `answers.0.number`; None where it ends early.

    A key that is the whole path wins, for flat objects whose keys hold dots.

    >>> path_getter("answers.0.number")({"answers": [{"number": 9}]})
    9
    """
    steps = path.split(".")

    def get(cells: Any) -> Any:
        if path in cells:
            return cells[path]
        found = cells
        for step in steps:
            if isinstance(found, dict):
                found = found.get(step)
            elif isinstance(found, list) and step.isdecimal() and int(step) < len(found):
                found = found[int(step)]
            else:
                return None
        return found

    return get
