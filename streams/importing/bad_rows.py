"""The rows that were refused, as a file that can be corrected and imported with the same mapping."""

from __future__ import annotations

import codecs
import csv
import errno
import hashlib
import io
import json
import os
import sys
from pathlib import Path
from typing import IO, NamedTuple

from schemas.errors import ConfigError
from streams.importing.coming_back import ADDED, RAW, raw_column
from streams.importing.mapping import Input
from streams.importing.reasons import Refused
from streams.importing.rows import FileFormat, Row

__all__ = ["BadRows", "Written", "bad_path"]


class Written(NamedTuple):
    """What an import wrote of its refused rows: so many bytes with this hash."""

    size: int
    sha256: str


def bad_path(file: Path, file_format: FileFormat) -> Path:
    """Return the place of the refused rows of a file: next to it.

    >>> str(bad_path(Path("answers.csv"), "csv"))
    'answers.bad.csv'
    """
    return file.with_name(f"{file.stem}.bad.{'csv' if file_format == 'csv' else 'ndjson'}")


class BadRows:
    """Append refused rows. The file appears with the first one, readable by its owner only.

    CSV: the columns of the input, then line, reason and detail, then `_raw`: the text of a row that
    has another number of cells than the header; its columns are empty. Otherwise NDJSON: the object
    of the row with `_line`, `_reason` and `_detail`; a line that is no object stands under `_raw`.

    `kept_as` is where a file went that someone had edited: it is never overwritten.
    """

    def __init__(
        self, path: Path, file_format: FileFormat, columns: tuple[str, ...], options: Input
    ) -> None:
        self.path = path
        self.kept_as: Path | None = None
        self._csv = file_format == "csv"
        # A file of refused rows that is imported again has these already.
        self._kept = [index for index, name in enumerate(columns) if name not in ADDED]
        self._raw = raw_column(columns)
        self._header = [columns[index] for index in self._kept]
        self._delimiter = options.delimiter
        self._encoding = options.encoding
        self._next_encoding = _without_mark(options.encoding)
        self._file: IO[bytes] | None = None
        self._size = 0
        self._hash = hashlib.sha256()

    def begin(self, written: Written | None, *, go_on: bool, finished: bool = False) -> None:
        """Make place for refused rows. A file that is not as an import left it is kept aside.

        Args:
            written: What the last import wrote here; None if that is not known.
            go_on: Append to that. Otherwise it is forgotten.
            finished: Whether that import came to its end. If not, there may be more after
                `written`, of rows that are refused again.

        Raises:
            ConfigError: The file, or one in its place, cannot be written.
        """
        try:
            if not os.access(self.path.parent, os.W_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
            if not self.path.exists():
                return
            size = self.path.stat().st_size
            ours = written is not None and self._starts_with(written)
            if written is None or not ours or (finished and size > written.size):
                self._keep_aside()
            elif go_on and written.size:
                os.truncate(self.path, written.size)
                self._size = written.size
                self._hash.update(self.path.read_bytes())
            else:
                self.path.unlink()
        except OSError as error:
            raise self._unwritable(error) from None

    def add(self, row: Row, refusal: Refused) -> None:
        """Append one row."""
        added = (str(row.line), refusal.reason, refusal.detail)
        if self._csv:
            if isinstance(row.raw, str):
                cells, raw = [""] * len(self._kept), row.raw
            else:
                cells = [row.raw[index] for index in self._kept]
                raw = "" if self._raw is None else row.raw[self._raw]
            data = self._line([*cells, *added, raw], self._next_encoding)
        else:
            data = _json_line(str(row.raw), added, ascii_only=self._next_encoding != "utf-8")
        try:
            self._write(data)
        except OSError as error:
            raise self._unwritable(error) from None

    def flush(self) -> Written:
        """Write everything to the disk and return what is there now."""
        if self._file is not None:
            self._file.flush()
            os.fsync(self._file.fileno())
        return Written(self._size, self._hash.hexdigest())

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()

    def _starts_with(self, written: Written) -> bool:
        with self.path.open("rb") as file:
            return hashlib.sha256(file.read(written.size)).hexdigest() == written.sha256

    def _keep_aside(self) -> None:
        number = 1
        while (place := self.path.with_name(f"{self.path.name}.{number}")).exists():
            number += 1
        self.path.rename(place)
        self.kept_as = place

    def _write(self, data: bytes) -> None:
        if self._file is None:
            handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            self._file = os.fdopen(handle, "ab")
            if self._csv and self._size == 0:
                data = self._line([*self._header, *ADDED], self._encoding) + data
        self._file.write(data)
        self._size += len(data)
        self._hash.update(data)

    def _line(self, cells: list[str], encoding: str) -> bytes:
        text = io.StringIO()
        # The module quotes no lone carriage return, but reads one as the end of a row.
        lone_return = any("\r" in cell for cell in cells)
        csv.writer(
            text,
            delimiter=self._delimiter,
            lineterminator="\n",
            quoting=csv.QUOTE_ALL if lone_return else csv.QUOTE_MINIMAL,
        ).writerow(cells)
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


def _json_line(raw: str, added: tuple[str, ...], *, ascii_only: bool) -> bytes:
    try:
        row = json.loads(raw)
    except (ValueError, RecursionError):
        row = None
    if not isinstance(row, dict):
        row = {RAW: raw}
    row |= dict(zip(ADDED, added, strict=False))  # `_raw` is there already, or not needed
    try:
        return (json.dumps(row, ensure_ascii=ascii_only) + "\n").encode()
    except UnicodeEncodeError:  # half of a surrogate pair, which only an escape can write
        return (json.dumps(row) + "\n").encode()
