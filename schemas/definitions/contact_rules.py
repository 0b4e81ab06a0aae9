"""`[[contact_rule]]`: how often one customer may be asked."""

from __future__ import annotations

from schemas.contact_rules import ContactRule
from schemas.definitions.section import Section
from schemas.definitions.symbols import symbols_of

__all__ = ["contact_rule_of"]

_TOPIC = "feedback.invitations"


def contact_rule_of(section: Section, name: str) -> ContactRule:
    """Read one rule; what is wrong is noted in the section."""
    most, per_ms = section.whole("max", least=1), section.duration_ms("per")
    min_gap_ms = section.duration_ms("min_gap")
    if section.has("max") != section.has("per"):
        section.problem("max and per go together: at most so many invitations in that time")
    elif section.is_good and most is None and min_gap_ms is None:
        section.problem("needs max and per, or min_gap, or it forbids nothing")
    kinds, channels = section.texts("survey_kinds"), section.texts("channels")
    section.one_of("survey_kinds", kinds, symbols_of(_TOPIC, "survey_kind"))
    section.one_of("channels", channels, symbols_of(_TOPIC, "channel"))
    section.close()
    return ContactRule(name, most, per_ms, min_gap_ms, frozenset(kinds), frozenset(channels))
