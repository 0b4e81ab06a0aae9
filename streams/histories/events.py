"""Records as histories keep them: the fields that facts depend on, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar, get_type_hints

__all__ = [
    "AnswerEvent",
    "Attributes",
    "InteractionEvent",
    "InvitationEvent",
    "answer_event",
    "attributes_of",
    "interaction_event",
    "invitation_event",
    "subject_of",
]

E = TypeVar("E", bound=tuple[Any, ...])

#: Attributes of a record, as pairs of name and value, by name.
Attributes = tuple[tuple[str, str], ...]


class InteractionEvent(NamedTuple):
    """One record of `feedback.interactions`. Empty text stands for null, times are epoch ms."""

    source: str
    event_id: str
    conversation_id: str
    issue_id: str
    type: str
    actor: str
    agent_id: str
    team_id: str
    public: bool
    channel: str
    contact_reason: str
    priority: str
    touchpoint: str
    journey: str
    journey_stage: str
    on_map: str
    sla_policy_id: str
    sla_metric: str
    due_at: int | None
    calendar_id: str
    talk_ms: int | None
    hold_ms: int | None
    after_work_ms: int | None
    event_time: int
    product: str
    region: str
    attributes: Attributes


class InvitationEvent(NamedTuple):
    """One record of `feedback.invitations`. Empty text stands for null, times are epoch ms."""

    source: str
    event_id: str
    invitation_id: str
    survey_id: str
    survey_kind: str
    status: str
    touchpoint: str
    journey_stage: str
    channel: str
    event_time: int
    expires_at: int | None
    attributes: Attributes


class AnswerEvent(NamedTuple):
    """One record of `feedback.responses`. Empty text stands for null, times are epoch ms."""

    source: str
    response_id: str
    question_id: str
    revision: int
    op: str
    survey_id: str
    survey_version: int | None
    survey_kind: str
    metric: str
    scale_min: int | None
    scale_max: int | None
    higher_is_better: bool
    value_number: float | None
    dismissed: bool
    completed: bool
    agent_id: str
    team_id: str
    touchpoint: str
    journey: str
    journey_stage: str
    product: str
    region: str
    channel: str
    responded_at: int
    is_test: bool
    attributes: Attributes


def subject_of(record: Mapping[str, Any], own_id: str) -> str:
    """Return whose history a record belongs to.

    Args:
        record: A decoded record.
        own_id: Field that stands in for a customer nobody knows, for example `conversation_id`.
    """
    if customer := record["customer_id"]:
        return f"c:{customer}"
    if anonymous := record["anonymous_id"]:
        return f"a:{anonymous}"
    return f"n:{record['source']}:{record[own_id]}"


def attributes_of(record: Mapping[str, Any]) -> Attributes:
    """Return the attributes of a record: a list of name and value as decoded, a map as stored.

    Of several with one name the last that is not empty stands.
    """
    stored = record["attributes"]
    if not stored:
        return ()
    if isinstance(stored, Mapping):
        return tuple(sorted(stored.items()))
    found: dict[str, str] = {}
    for pair in stored:
        name, value = pair["name"], pair["value"]
        if value or name not in found:
            found[name] = value
    return tuple(sorted(found.items()))


def _reader(event: type[E]) -> Callable[[Mapping[str, Any]], E]:
    """Return the function that makes such events of records."""
    hints = get_type_hints(event)
    fields = [(name, kind is str) for name, kind in hints.items() if name != "attributes"]
    make: Callable[[list[Any]], E] = event._make  # type: ignore[attr-defined]  # a NamedTuple

    def read(record: Mapping[str, Any]) -> E:
        values = [(record[name] or "") if text else record[name] for name, text in fields]
        return make([*values, attributes_of(record)])

    return read


interaction_event = _reader(InteractionEvent)
invitation_event = _reader(InvitationEvent)
answer_event = _reader(AnswerEvent)
