"""Tables that repeat, each with a name of its own: `[[calendar]]`, `[[measure]]` ..."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from schemas.definitions.section import Section

__all__ = ["named"]

T = TypeVar("T")


def named(
    top: Section, key: str, read: Callable[[Section, str], T], *, name_key: str = "name"
) -> dict[str, T]:
    """Read every `[[key]]` of the file, by its name. One that is wrong is noted, and left out.

    Args:
        top: The file.
        key: What is written in the double brackets.
        read: Reads one of them.
        name_key: The key that holds its name.
    """
    found: dict[str, T] = {}
    names: set[str] = set()
    what = key.replace("_", " ")
    for number, table in enumerate(top.entries(key), 1):
        given = table.get(name_key)
        where = f"{what} {given}" if isinstance(given, str) and given else f"{what} number {number}"
        section = top.part(table, where, f"a {what}" if key != "sla" else "an sla")
        name = section.text(name_key, required=True)
        if name and name in names:
            section.problem("the name is used twice")
        names.add(name)
        one = read(section, name)
        if section.is_good:
            found[name] = one
    return found
