"""How commands print: tables on a terminal, plain lines elsewhere, and machine formats."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

__all__ = ["console", "print_csv", "print_json", "print_table"]

_PLAIN_WIDTH = 200


def console() -> Console:
    """Return the console of this process; wide and plain where nobody looks at a terminal."""
    if sys.stdout.isatty():
        return Console()
    return Console(width=_PLAIN_WIDTH, no_color=True, highlight=False)


def print_table(
    title: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
    *,
    right: frozenset[str] = frozenset(),
) -> None:
    """Print rows below their headings. Columns in `right` are aligned to the right."""
    out = console()
    if not out.is_terminal:
        _print_plain(columns, rows, right)
        return
    table = Table(title=title or None, title_justify="left", title_style="bold", header_style="dim")
    for column in columns:
        table.add_column(column, justify="right" if column in right else "left")
    for row in rows:
        table.add_row(*(_text(value) for value in row))
    out.print(table)


def print_json(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print rows as one JSON array."""
    print(json.dumps(rows, indent=2, ensure_ascii=False, default=str))


def print_csv(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Print rows as CSV with a heading; what is not known is empty."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(["" if value is None else value for value in row] for row in rows)


def _print_plain(
    columns: Sequence[str], rows: Sequence[Sequence[Any]], right: frozenset[str]
) -> None:
    texts = [[_text(value) for value in row] for row in rows]
    widths = [max([len(name), *(len(row[i]) for row in texts)]) for i, name in enumerate(columns)]
    for line in [list(columns), *texts]:
        cells = [
            text.rjust(width) if name in right else text.ljust(width)
            for name, text, width in zip(columns, line, widths, strict=True)
        ]
        print("  ".join(cells).rstrip())


def _text(value: Any) -> str:
    return "" if value is None else str(value)
