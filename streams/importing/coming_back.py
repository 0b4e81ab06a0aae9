"""Refused rows that come back in a file of refused rows, and which of them are still broken.

A broken row (wrong number of cells, not JSON) has no columns to correct. Its text stands under `_raw`
until someone puts its values where they belong and empties `_raw`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from streams.importing.reasons import Refused

__all__ = ["ADDED", "RAW", "raw_column", "still_raw"]

RAW = "_raw"

#: What a refused row has besides its own columns. `_raw` is the last: it may be long.
ADDED = ("_line", "_reason", "_detail", RAW)


def raw_column(columns: Sequence[str]) -> int | None:
    """Return where `_raw` is, None if this is no file of refused rows.

    >>> raw_column(["id", "_line", "_reason", "_detail", "_raw"])
    4
    >>> raw_column(["id", "_raw"])
    """
    return columns.index(RAW) if set(ADDED) <= set(columns) else None


def still_raw(text: Any) -> Refused | None:
    """Return why a row is still broken, None if its `_raw` is empty."""
    if text is None or (isinstance(text, str) and not text.strip()):
        return None
    return Refused(
        "broken_row", "_raw still holds the row: put its values in their columns and empty _raw"
    )
