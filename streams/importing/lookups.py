"""Look-up files: from a key column to a value column, in memory."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from schemas.errors import ConfigError
from streams.importing.mapping import Input, Lookup
from streams.importing.reasons import Refused
from streams.importing.rows import open_rows
from streams.importing.values import text_of

__all__ = ["load_lookup"]


def load_lookup(name: str, lookup: Lookup, folder: Path, options: Input) -> Mapping[str, str]:
    """Read one look-up file. Rows without a key or a value are left out.

    Args:
        name: Its name in the mapping.
        lookup: What the mapping says about it.
        folder: Where relative paths start: the folder of the imported file.
        options: `[input]`; the format comes from the ending of the look-up file.

    Raises:
        ConfigError: The file or a column is missing, a key is repeated with another value, or the
            file has more rows than `input.max_lookup_rows`.
    """
    path = folder / lookup.file
    rows = open_rows(
        path,
        options.model_copy(update={"format": None}),
        columns=frozenset({lookup.key, lookup.value}),
    )
    found: dict[str, str] = {}
    try:
        for column in (lookup.key, lookup.value):
            if not rows.has(column):
                raise ConfigError(
                    f"lookup.{name}: {path.name} has no column {column}.",
                    cure=f"It has {', '.join(rows.columns or ())}.",
                )
        key_of, value_of = rows.getter(lookup.key), rows.getter(lookup.value)
        for row in rows.read():
            if row.number > options.max_lookup_rows:
                raise ConfigError(
                    f"lookup.{name}: {path.name} has more than {options.max_lookup_rows} rows.",
                    cure="It is held in memory; if that is meant, raise input.max_lookup_rows.",
                )
            if row.broken is not None:
                raise _unusable(name, path, row.line, row.broken.detail)
            try:
                key, value = (text_of(cell) if cell is not None else ""
                              for cell in (key_of(row.cells), value_of(row.cells)))  # fmt: skip
            except Refused as refusal:
                raise _unusable(name, path, row.line, refusal.detail) from None
            if key in options.empty or value in options.empty or not key:
                continue
            before = found.get(key)
            if before is not None and before != value and lookup.repeated == "refuse":
                raise _unusable(
                    name, path, row.line, "a key comes back with another value; set `repeated`"
                )
            if before is None or lookup.repeated == "last":
                found[key] = value
    finally:
        rows.close()
    return found


def _unusable(name: str, path: Path, line: int, detail: str) -> ConfigError:
    return ConfigError(
        f"lookup.{name}: line {line} of {path.name} cannot be used: {detail}.",
        cure="Correct the file.",
    )
