"""docs/rejects.md: every reason."""

from __future__ import annotations

from streams.fold.rejection import REASONS
from streams.reference.markdown import code, table

__all__ = ["rejects_part"]


def rejects_part() -> str:
    """Return the table of reasons, each with its cure."""
    rows = [(code(reason), cure) for reason, cure in REASONS.items()]
    return table(["reason", "what it means, and what to do"], rows)
