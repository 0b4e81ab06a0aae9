"""What the shipped schemas allow: the symbols of a topic's enums, and its dimensions.

A symbol or a dimension that no record has would match nothing, and nobody would notice.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from schemas.facts import FACTS
from schemas.measures import ATTRIBUTE, DIMENSIONS
from schemas.registry import FileRegistry, subject_of

__all__ = ["TYPE_FIELDS", "dimensions_of", "is_attribute", "symbols_of"]

#: The field whose symbols `types` of a measure names, by input topic.
TYPE_FIELDS = {
    "feedback.responses": "metric",
    "feedback.invitations": "status",
    "feedback.interactions": "type",
    "feedback.followups": "status",
}

#: Dimensions that facts have and records do not.
_OF_FACTS = {"sla": ("sla_policy", "sla_metric"), "contact": ("contact_rule",)}

_ATTRIBUTE = re.compile(re.escape(ATTRIBUTE) + r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}", re.ASCII)


def symbols_of(topic: str, field: str) -> tuple[str, ...]:
    """Return the symbols of an enum of a topic's shipped schema, without UNKNOWN."""
    kind = _fields(topic).get(field)
    if not isinstance(kind, dict) or kind["type"] != "enum":
        return ()
    return tuple(kind["symbols"][1:])


def dimensions_of(topic: str, fact: str = "") -> tuple[str, ...]:
    """Return the dimensions that a measure of a topic's records, or of a fact, may declare."""
    if fact in FACTS:
        topic = FACTS[fact].topic
    extra = _OF_FACTS.get(fact, ())
    of_facts = {name for names in _OF_FACTS.values() for name in names}
    own = _fields(topic).keys() - of_facts
    return tuple(name for name in DIMENSIONS if name in own or name in extra)


def is_attribute(dimension: str) -> bool:
    """Whether a dimension is an attribute of the records, by its name.

    >>> is_attribute("attributes.plan"), is_attribute("attributes."), is_attribute("plan")
    (True, False, False)
    """
    return _ATTRIBUTE.fullmatch(dimension) is not None


@cache
def _fields(topic: str) -> dict[str, Any]:
    """Return the types of the fields of a topic's shipped schema, by name."""
    definition = FileRegistry().latest(subject_of(topic)).definition
    return {field["name"]: field["type"] for field in definition["fields"]}
