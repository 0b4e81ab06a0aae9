"""`[effort]`: how much each sign of effort weighs."""

from __future__ import annotations

from dataclasses import fields

from schemas.definitions.section import Section
from schemas.effort import EffortWeights

__all__ = ["weights_of"]


def weights_of(section: Section) -> EffortWeights:
    """Read the weights; one that is not given is 0. What is wrong is noted in the section."""
    names = [field.name for field in fields(EffortWeights)]
    weights = {name: section.whole(name, least=0) or 0 for name in names}
    section.close()
    return EffortWeights(**weights)
