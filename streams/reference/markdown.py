"""Markdown, as the generated parts need it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

__all__ = ["code", "table"]


def code(text: object) -> str:
    """Write text as code.

    >>> code("LowCardinality(String)")
    '`LowCardinality(String)`'
    """
    return f"`{text}`" if str(text) else ""


def table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    r"""Write a table, one line a row.

    >>> print(table(["name", "doc"], [["a", "this | that"]]))
    | name | doc |
    |---|---|
    | a | this \| that |
    """
    lines = [list(headings), ["---"] * len(headings), *rows]
    head, rule, *body = ("| " + " | ".join(_cell(value) for value in line) + " |" for line in lines)
    return "\n".join([head, rule.replace(" ", ""), *body])


def _cell(value: object) -> str:
    return " ".join(str(value).split()).replace("|", "\\|")
