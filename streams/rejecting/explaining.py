"""Explain one rejected record: why, what that means, and whether it would be counted now."""

from __future__ import annotations

from dataclasses import dataclass

from schemas.registry import Registry
from streams.fold.rejection import REASONS, Rejection
from streams.rejecting.fields import FieldSeen, fields_of
from streams.rejecting.meanings import MEANINGS
from streams.rejecting.record import RejectedRecord
from streams.rejecting.rejudging import Judge

__all__ = ["Explanation", "explained"]

_UNKNOWN = "This version of Earshot does not know the reason. Upgrade it."


@dataclass(frozen=True, slots=True)
class Explanation:
    """What there is to say of a rejected record.

    Attributes:
        meaning: What its reason means.
        cure: What to do about it.
        fields: What it holds; empty if its schema is not known or its bytes are erased.
        now: Why it would be rejected if it were sent now; None if it would not, or nobody can tell.
        judged: Whether its bytes are there, so that `now` says something.
    """

    meaning: str
    cure: str
    fields: list[FieldSeen]
    now: Rejection | None
    judged: bool


def explained(found: RejectedRecord, judge: Judge, registry: Registry) -> Explanation:
    """Explain a record that was looked up with its bytes.

    Raises:
        RegistryUnavailable: The registry does not answer.
    """
    row, content = found.row, found.content
    meanings: dict[str, str] = {str(reason): text for reason, text in MEANINGS.items()}
    cures: dict[str, str] = {str(reason): text for reason, text in REASONS.items()}
    meaning, cure = meanings.get(row.reason, _UNKNOWN), cures.get(row.reason, _UNKNOWN)
    if content is None:
        return Explanation(meaning, cure, [], None, judged=False)
    now = judge.verdict(row.topic, content)
    # Where it would be rejected now, that is what can still be seen in its fields.
    reason, detail = now or (row.reason, row.detail)
    fields = fields_of(registry, content.value, reason, detail)
    return Explanation(meaning, cure, fields, now, judged=True)
