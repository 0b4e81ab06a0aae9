"""How much each sign of effort weighs."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["MOST_EFFORT", "EffortWeights"]

#: Observed effort is a whole number from 0 to this.
MOST_EFFORT = 100


@dataclass(frozen=True, slots=True)
class EffortWeights:
    """Points for each sign a customer had to work for a solution, whole numbers from 0."""

    channel_switch: int = 0
    transfer: int = 0
    repeat_contact: int = 0
    repeated_information: int = 0
    waiting_hour: int = 0
    reopen: int = 0
