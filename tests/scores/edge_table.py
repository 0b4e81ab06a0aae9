"""The table of duration edges of the SQL: `python -m tests.scores.edge_table` writes it."""

from __future__ import annotations

from textwrap import fill

from streams.scores.duration_buckets import EDGES


def literal() -> str:
    """Write the edges as the array of `earshot_duration_edge`."""
    indent = " " * 12
    lines = fill(", ".join(map(str, EDGES)), 110, initial_indent=indent, subsequent_indent=indent)
    return f"[\n{lines}\n        ]"


if __name__ == "__main__":
    print(literal())
