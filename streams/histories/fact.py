"""A fact of a history, and how a record changes them."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Change", "Fact"]


class Fact(NamedTuple):
    """One value a history yields. `schemas.facts` lists the kinds.

    `time_ms` decides the slice it is counted in; `value` is milliseconds for a duration, 0 or 1 for a
    flag, else a whole number. `dimensions` are pairs of name and value, by name, without empty values.
    """

    name: str
    time_ms: int
    value: int
    dimensions: tuple[tuple[str, str], ...]


class Change(NamedTuple):
    """What a record does to the facts of its history. A fact may be in a list more than once."""

    removed: list[Fact]
    added: list[Fact]
