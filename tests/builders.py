"""Complete decoded records with plain defaults: a test names only the fields it is about."""

from __future__ import annotations

from functools import cache
from typing import Any

from schemas.registry import FileRegistry, subject_of

__all__ = ["ANSWERS", "NOW_MS", "answer", "followup", "interaction", "invitation", "record_for"]

#: 2025-10-09 08:53:20 UTC, twenty seconds into a minute.
NOW_MS = 1_760_000_000_000

ANSWERS = "feedback.responses"

Record = dict[str, Any]

_REQUIRED: dict[str, Record] = {
    ANSWERS: {
        "event_id": "e1",
        "source": "shop",
        "response_id": "r1",
        "question_id": "q1",
        "survey_id": "s1",
        "survey_kind": "RELATIONSHIP",
        "metric": "NPS",
        "scale_min": 0,
        "scale_max": 10,
        "value_number": 9.0,
        "customer_id": "c1",
        "touchpoint": "checkout",
        "channel": "EMAIL",
        "responded_at": NOW_MS,
    },
    "feedback.invitations": {
        "event_id": "e1",
        "source": "shop",
        "invitation_id": "i1",
        "survey_id": "s1",
        "status": "SENT",
        "event_time": NOW_MS,
    },
    "feedback.interactions": {
        "event_id": "e1",
        "source": "desk",
        "conversation_id": "k1",
        "type": "CREATED",
        "event_time": NOW_MS,
    },
    "feedback.followups": {
        "event_id": "e1",
        "source": "desk",
        "case_id": "k1",
        "status": "OPEN",
        "event_time": NOW_MS,
    },
}


def record_for(topic: str, **overrides: Any) -> Record:
    """Return a good record of an input topic as decoding gives it, with every field."""
    defaults = _defaults(topic)
    unknown = overrides.keys() - defaults.keys()
    assert not unknown, f"{topic} has no field {', '.join(sorted(unknown))}"
    # Lists must not be shared between records.
    fresh = {name: list(v) if isinstance(v, list) else v for name, v in defaults.items()}
    return fresh | _REQUIRED[topic] | overrides


def answer(**overrides: Any) -> Record:
    """Return an NPS answer of 9."""
    return record_for(ANSWERS, **overrides)


def invitation(**overrides: Any) -> Record:
    """Return an invitation that was sent."""
    return record_for("feedback.invitations", **overrides)


def interaction(**overrides: Any) -> Record:
    """Return the start of a conversation."""
    return record_for("feedback.interactions", **overrides)


def followup(**overrides: Any) -> Record:
    """Return the opening of a case."""
    return record_for("feedback.followups", **overrides)


@cache
def _defaults(topic: str) -> Record:
    fields = FileRegistry().latest(subject_of(topic)).definition["fields"]
    return {field["name"]: field.get("default") for field in fields}
