"""What one check found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

__all__ = ["Finding", "State", "Unmeasured"]

State = Literal["ok", "failed", "skipped"]


class Unmeasured(NamedTuple):
    """The answer of a check that has nothing to look at, and why. It is not a failure."""

    why: str


@dataclass(frozen=True, slots=True)
class Finding:
    """A check's name, how it ended, what it saw, and for a failure the cure."""

    name: str
    state: State
    detail: str
    cure: str = ""
