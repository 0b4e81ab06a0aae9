"""`earshot doctor`: one check for each thing the pipeline depends on."""

from streams.doctor.checks import checks_of
from streams.doctor.examining import Check, examine
from streams.doctor.finding import Finding, State, Unmeasured

__all__ = ["Check", "Finding", "State", "Unmeasured", "checks_of", "examine"]
