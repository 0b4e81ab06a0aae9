"""A fact with what it was derived from."""

from __future__ import annotations

from typing import NamedTuple

from streams.fold.customers import Stored
from streams.histories.fact import Fact

__all__ = ["Told"]


class Told(NamedTuple):
    """A fact, and what identifies its source without naming a customer.

    `offset` is that of the last record concerned. `story` holds the events of a conversation.
    """

    fact: Fact
    names: tuple[tuple[str, str], ...]
    offset: int
    revision: int | None = None
    note: str = ""
    left_out: str = ""
    story: tuple[Stored, ...] = ()
