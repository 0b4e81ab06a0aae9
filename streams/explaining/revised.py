"""What became of an answer: its revisions in a sentence, and why it does not count."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

__all__ = ["corrections", "reason_left_out"]

#: A revision of an answer by column, as stored.
_Row = Mapping[str, Any]


def corrections(revisions: Sequence[_Row]) -> str:
    """Tell the revisions of an answer, oldest first; nothing if there is only one.

    >>> one = {"op": "CREATE", "dismissed": False, "is_test": False, "value_number": 9.0, "revision": 1}
    >>> corrections([one, one | {"value_number": 3.0, "revision": 2}])
    'corrected from 9 (revision 1) to 3 (revision 2)'
    """
    if len(revisions) < 2:  # noqa: PLR2004 - nothing to compare
        return ""
    steps = [f"from {_said(revisions[0])}"]
    steps += [f"to {_said(newer)}" for _, newer in pairwise(revisions)]
    return "corrected " + " ".join(steps)


def reason_left_out(newest: _Row, *, moved: bool) -> str:
    """Say why an answer or event does not count.

    Args:
        newest: The revision that decides.
        moved: An older revision would count here and this one would not, whatever it says.
    """
    if newest["is_test"]:
        return "a test"
    if newest.get("op") == "DELETE":
        return f"taken back (revision {newest['revision']})"
    if newest.get("dismissed"):
        return "dismissed without an answer"
    if moved:
        return f"counts elsewhere since revision {newest['revision']}"
    return "not completed"


def _said(row: _Row) -> str:
    if row["op"] == "DELETE":
        said = "taken back"
    elif row["dismissed"]:
        said = "dismissed"
    elif row["value_number"] is None:
        said = "no score"
    else:
        said = f"{row['value_number']:g}"
    return f"{said} (revision {row['revision']})"
