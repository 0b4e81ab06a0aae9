"""The rows that were refused, as a file that can be corrected and imported with the same mapping."""

from __future__ import annotations

import codecs
import csv
import errno
import io
import json
import os
import sys
from pathlib import Path
from typing import IO

from schemas.errors import ConfigError
from streams.importing.mapping import Input
from streams.importing.reasons import Refused
from streams.importing.rows import FileFormat, Row

__all__ = ["BadRows", "bad_path"]

_EXTRA = ("_line", "_reason", "_detail")


def bad_path(file: Path, file_format: FileFormat) -> Path:
    """Return the place of the refused rows of a file: next to it.

    >>> str(bad_path(Path("answers.csv"), "csv"))
    'answers.bad.csv'
    """
    return file.with_name(f"{file.stem}.bad.{'csv' if file_format == 'csv' else 'ndjson'}")


class BadRows:
    """Append refused rows. The file appears with the first one, readable by its owner only.

    CSV: the columns of the input, then line, reason and detail. Otherwise NDJSON: the object of
    the row with `_line`, `_reason` and `_detail`; a line that is no object stands under `_raw`.
    """

    def __init__(
        self, path: Path, file_format: FileFormat, columns: tuple[str, ...], options: Input
    ) -> None:
        self.path = path
        self._csv = file_format == "csv"
        # A file of refused rows that is imported again has these already.
        self._kept = [index for index, name in enumerate(columns) if name not in _EXTRA]
        self._header = [columns[index] for index in self._kept]
        self._delimiter = options.delimiter
        self._encoding = options.encoding
        self._next_encoding = _without_mark(options.encoding)
        self._file: IO[bytes] | None = None

    def begin(self, keep_bytes: int = 0) -> None:
        """Forget rows of an older import: keep only the first `keep_bytes`.

        Raises:
            ConfigError: The file, or one in its place, cannot be written.
        """
        try:
            if not os.access(self.path.parent, os.W_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
            if keep_bytes == 0:
                self.path.unlink(missing_ok=True)
            elif self.path.exists():
                os.truncate(self.path, min(keep_bytes, self.path.stat().st_size))
        except OSError as error:
            raise self._unwritable(error) from None

    def add(self, row: Row, refusal: Refused) -> None:
        """Append one row."""
        added = (str(row.line), refusal.reason, refusal.detail)
        if self._csv:
            cells = [row.raw[index] if index < len(row.raw) else "" for index in self._kept]
            data = self._line([*cells, *added], self._next_encoding)
        else:
            data = _json_line(str(row.raw), added)
        try:
            self._open().write(data)
        except OSError as error:
            raise self._unwritable(error) from None

    def flush(self) -> int:
        """Write everything to the disk and return the size of the file in bytes, 0 without one."""
        if self._file is not None:
            self._file.flush()
            os.fsync(self._file.fileno())
        return self.path.stat().st_size if self.path.exists() else 0

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()

    def _open(self) -> IO[bytes]:
        if self._file is None:
            handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            self._file = os.fdopen(handle, "ab")
            if self._csv and os.fstat(handle).st_size == 0:
                self._file.write(self._line([*self._header, *_EXTRA], self._encoding))
        return self._file

    def _line(self, cells: list[str], encoding: str) -> bytes:
        text = io.StringIO()
        csv.writer(text, delimiter=self._delimiter, lineterminator="\n").writerow(cells)
        return text.getvalue().encode(encoding, errors="surrogateescape")

    def _unwritable(self, error: OSError) -> ConfigError:
        return ConfigError(
            f"Cannot write the refused rows to {self.path}: {error.strerror}.",
            cure="Name a file that can be written with --bad.",
        )


def _without_mark(encoding: str) -> str:
    """Return the encoding in which a line may follow another: no byte order mark before each."""
    name = codecs.lookup(encoding).name
    if name in {"utf-16", "utf-32"}:
        return f"{name}-{'le' if sys.byteorder == 'little' else 'be'}"
    return "utf-8" if name == "utf-8-sig" else name


def _json_line(raw: str, added: tuple[str, ...]) -> bytes:
    try:
        row = json.loads(raw)
    except (ValueError, RecursionError):
        row = None
    if not isinstance(row, dict):
        row = {"_raw": raw}
    row |= dict(zip(_EXTRA, added, strict=True))
    return (json.dumps(row, ensure_ascii=False) + "\n").encode("utf-8", errors="replace")
