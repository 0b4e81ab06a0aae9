"""Scores as rows of a table, and as the records of machine formats."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from streams.cli.console import console, print_table
from streams.explaining.amounts import amount
from streams.reading import ScoreRow, Window

__all__ = ["print_scores", "record_names", "record_of", "said"]

#: Columns of a table that are numbers.
_RIGHT = frozenset({"value", "interval", "n"})


def record_names(dimensions: Sequence[str]) -> tuple[str, ...]:
    """Return the names of what `record_of` returns, in its order."""
    return (
        "measure", "score", *dimensions, "n", "value", "lower", "upper", "unit", "method",
        "confidence", "status", "provisional", "window_start", "window_end",
    )  # fmt: skip


def record_of(
    row: ScoreRow, dimensions: Sequence[str], window: Window, confidence: float
) -> dict[str, Any]:
    """Return a score as JSON and CSV hold it; durations are in seconds."""
    result = row.result
    values = (
        row.measure.name, row.score.name, *row.group, result.n, result.value, result.lower,
        result.upper, row.score.unit, result.method, confidence, result.status, row.provisional,
        window.since and window.since.isoformat(),
        window.until and window.until.isoformat(),
    )  # fmt: skip
    return dict(zip(record_names(dimensions), values, strict=True))


def print_scores(rows: Sequence[ScoreRow], dimensions: Sequence[str], window: Window) -> None:
    """Print scores as a table for people."""
    columns = ["measure", "score", *dimensions, "value", "interval", "n", "status"]
    cells = [
        [
            row.measure.name,
            row.score.name,
            *(value or "-" for value in row.group),
            _value(row),
            _interval(row),
            f"{row.result.n:,}",
            f"{row.result.status} *" if row.provisional else row.result.status,
        ]
        for row in rows
    ]
    _print_cells(f"Scores {said(window)}", columns, cells)
    if any(row.provisional for row in rows):
        print("* provisional: the window is not over, or what decides it may still come")


def _print_cells(title: str, columns: list[str], cells: list[list[str]]) -> None:
    """Print rows below their headings, on a terminal without lines between them: they are wide."""
    out = console()
    if not out.is_terminal:
        print_table(title, columns, cells, right=_RIGHT)
        return
    table = Table(
        title=title, title_justify="left", title_style="bold", header_style="dim",
        box=None, padding=(0, 2, 0, 0), pad_edge=False,
    )  # fmt: skip
    for column in columns:
        table.add_column(column, justify="right" if column in _RIGHT else "left", overflow="fold")
    for row in cells:
        table.add_row(*(Text(cell) for cell in row))
    out.print(table)


def _value(row: ScoreRow) -> str:
    return amount(row.measure, row.score, row.result.value, with_unit=True)


def _interval(row: ScoreRow) -> str:
    result = row.result
    if row.score.kind == "count" or (result.lower is None and result.upper is None):
        return ""
    lower, upper = (
        amount(row.measure, row.score, end) or "?" for end in (result.lower, result.upper)
    )
    return f"{lower} .. {upper}"


def said(window: Window) -> str:
    """Say a window as a part of a sentence."""
    until = f"{window.until:%Y-%m-%d %H:%M} UTC" if window.until else "now"
    return f"from {window.since:%Y-%m-%d %H:%M} to {until}" if window.since else f"up to {until}"
