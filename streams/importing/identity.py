"""Event ids and keys that are the same every time a file is imported.

An id is a UUID version 5 (RFC 9562, section 5.5) over the topic and the fields that make the event
what it is, so importing again yields duplicates, which change no number.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from streams.fold.kinds import KINDS

__all__ = ["ID_FIELDS", "event_id", "key_of"]

_NAMESPACE = uuid.UUID("6f0c1d1e-8a57-5d5b-9c3e-5d2f1b7a4e90")

#: What makes two events of a topic the same one. `op` is not here: it follows from the revision.
ID_FIELDS: dict[str, tuple[str, ...]] = {
    "feedback.responses": ("source", "response_id", "question_id", "revision"),
    "feedback.invitations": ("source", "invitation_id", "status", "event_time"),
    "feedback.interactions": ("source", "conversation_id", "type", "event_time", "agent_id"),
    "feedback.followups": ("source", "case_id", "status", "event_time"),
}

# A record of nobody is keyed by what it is about, so that its revisions still meet in one partition.
_SUBJECT = {
    "feedback.responses": "response_id",
    "feedback.invitations": "invitation_id",
    "feedback.interactions": "conversation_id",
    "feedback.followups": "case_id",
}

assert ID_FIELDS.keys() == KINDS.keys() == _SUBJECT.keys()  # noqa: S101 - a new topic needs both


def event_id(topic: str, record: Mapping[str, Any]) -> str:
    """Return the id of an event that brings none of its own."""
    # The unit separator cannot end one part and begin the next, as a colon in an id could.
    parts = [topic, *(str(record[field]) for field in ID_FIELDS[topic])]
    return str(uuid.uuid5(_NAMESPACE, "\x1f".join(parts)))


def key_of(topic: str, record: Mapping[str, Any]) -> str:
    """Return the Kafka key: the customer, else the anonymous id, else what the record is about."""
    return str(record["customer_id"] or record["anonymous_id"] or record[_SUBJECT[topic]])
