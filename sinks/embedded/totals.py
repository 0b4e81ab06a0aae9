"""Totals and extremes, which `FORMAT Native` leaves out.

The engine tells them in its JSON formats only, so a statement that asks for them runs a second
time, and the engine turns their texts back into blocks.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sinks.embedded.engine import quote_name, quote_text
from sinks.embedded.session import Session
from sinks.embedded.statements import Statement

__all__ = ["Extras", "read_extras", "wants_extras"]

_TOTALS: Final = re.compile(r"\bWITH\s+TOTALS\b", re.IGNORECASE)
_NULL: Final = "ᴺᵁᴸᴸ"


@dataclass(frozen=True, slots=True)
class Extras:
    """Blocks of `FORMAT Native`, empty where there is none, and the real types of the columns."""

    totals: bytes
    extremes: bytes
    types: tuple[str, ...]


def wants_extras(statement: Statement, settings: Mapping[str, str]) -> bool:
    """Whether an answer has totals or extremes; `settings` are the query's own."""
    extremes = settings.get("extremes", "0").lower() not in ("0", "false")
    return statement.streams and (extremes or _TOTALS.search(statement.sql) is not None)


def read_extras(session: Session, statement: Statement, params: Mapping[str, str]) -> Extras:
    """Run the statement again for its totals and extremes; raises EngineError."""
    answer = json.loads(session.run(statement.sql, "JSONCompactStrings", params).data)
    columns = [(column["name"], column["type"]) for column in answer["meta"]]
    extremes = answer.get("extremes", {})
    return Extras(
        _block(session, columns, [answer["totals"]] if "totals" in answer else []),
        _block(session, columns, [extremes["min"], extremes["max"]] if extremes else []),
        tuple(kind for _, kind in columns),
    )


def _block(
    session: Session, columns: Sequence[tuple[str, str]], rows: Sequence[Sequence[Any]]
) -> bytes:
    if not rows:
        return b""
    parts = []
    for index, (name, kind) in enumerate(columns):
        texts = ("NULL" if row[index] == _NULL else quote_text(row[index]) for row in rows)
        value = f"[{', '.join(texts)}][number + 1]"
        parts.append(f"CAST({value}, {quote_text(kind)}) AS {quote_name(name)}")
    return session.run(f"SELECT {', '.join(parts)} FROM numbers({len(rows)})", "Native").data
