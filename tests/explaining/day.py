"""A day of customers, and what must come of it. Every text of theirs holds SECRET."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tests.builders import answer, interaction, invitation

__all__ = ["CUSTOMERS_DAY", "DAY", "SECRET", "at"]

DAY = "2018-03-14"
SECRET = "nobody-may-read-this"

_MIDNIGHT_MS = int(datetime(2018, 3, 14, tzinfo=UTC).timestamp() * 1000)

Record = dict[str, Any]


def at(hours: float) -> int:
    """Return an instant of the day, epoch ms."""
    return _MIDNIGHT_MS + round(hours * 3_600_000)


def _who(name: str) -> Record:
    return {"customer_id": f"{SECRET}-{name}"}


def _nps(response: str, score: float | None, hour: float, who: str, **more: Any) -> Record:
    return answer(
        event_id=f"e-{response}-{more.get('revision', 1)}", response_id=response,
        value_number=score, responded_at=at(hour), value_text=f"{SECRET} text",
        touchpoint="delivery", **_who(who), **({"revision": 1} | more),
    )  # fmt: skip


def _csat(response: str, score: float, hour: float, **more: Any) -> Record:
    fields = {"metric": "CSAT", "scale_min": 1, "scale_max": 5, "completed": True}
    return _nps(response, score, hour, "c9", **(fields | more))


def _event(id_: str, type_: str, hour: float, who: str, conversation: str, **more: Any) -> Record:
    actor = {"CREATED": "CUSTOMER", "CUSTOMER_MESSAGE": "CUSTOMER"}.get(type_, "AGENT")
    fields = {"actor": actor, "public": True, "touchpoint": "care", "channel": "EMAIL"}
    return interaction(
        event_id=id_, type=type_, event_time=at(hour), conversation_id=conversation, **_who(who),
        **(fields | more),
    )  # fmt: skip


def _sent(id_: str, status: str, hour: float, invitation_id: str) -> Record:
    return invitation(
        event_id=id_, status=status, event_time=at(hour), invitation_id=invitation_id,
        channel="EMAIL", **_who("c7"),
    )  # fmt: skip


_GOLD = [{"name": "tier", "value": "gold"}]

ANSWERS_0: list[Record] = [
    _nps("r1", 9, 10.1, "c1", attributes=_GOLD),
    _nps("r2", 10, 10.2, "c2", channel="CHAT"),
    _nps("r3", 7, 10.3, "c3"),
    _nps("r1", 3, 10.1, "c1", attributes=_GOLD, revision=2),
    _nps("r4", 8, 10.4, "c4"),
    _nps("r4", None, 10.4, "c4", op="DELETE", revision=2),
    _nps("r5", 9, 10.5, "c5", is_test=True),
    _nps("r6", None, 10.6, "c6", dismissed=True),
    _nps("r7", 6, 10.7, "c2"),
    _nps("r8", 5, 10.8, "c8"),
    _nps("r8", 5, 30.0, "c8", revision=2),
    *[_csat(f"s{index}", score, 10 + index / 10) for index, score in enumerate([5, 4, 4, 2, 5])],
    _csat("s9", 5, 10.9, completed=False),
]

#: Another partition has seen r3 as well: its count is its own.
ANSWERS_1: list[Record] = [_nps("r3", 7, 10.3, "c3")]

INTERACTIONS: list[Record] = [
    _event("i1", "CREATED", 9.0, "c1", "k1"),
    _event("i2", "CUSTOMER_MESSAGE", 9.0, "c1", "k1"),
    _event("i3", "AGENT_MESSAGE", 9.5, "c1", "k1"),
    _event("i4", "SOLVED", 10.0, "c1", "k1"),
    _event("i5", "CREATED", 9.2, "c2", "k2", channel="CHAT"),
    _event("i6", "AGENT_MESSAGE", 11.2, "c2", "k2"),
    _event("i7", "CREATED", 12.0, "c1", "k3"),
    _event("i8", "CREATED", 9.0, "c3", "k4", journey="buying", journey_stage="look"),
    _event("i9", "NOTE", 9.6, "c3", "k4", journey="buying", journey_stage="look"),
    _event("i10", "NOTE", 10.5, "c3", "k4", journey="buying", journey_stage="pay"),
    _event("i11", "CREATED", 9.0, "c4", "k5", journey="buying", journey_stage="pay"),
    _event("i12", "CUSTOMER_MESSAGE", 9.1, "c4", "k5", is_test=True),
    _event("i13", "NOTE", 13.0, "c4", "k5", journey="buying", journey_stage="look"),
]

INVITATIONS: list[Record] = [
    _sent("v1", "SENT", 8.0, "n1"),
    _sent("v2", "OPENED", 8.5, "n1"),
    _sent("v3", "ANSWERED", 8.6, "n1"),
    _sent("v4", "SENT", 9.0, "n2"),
]

CUSTOMERS_DAY = [
    ("feedback.responses", 0, ANSWERS_0),
    ("feedback.responses", 1, ANSWERS_1),
    ("feedback.interactions", 0, INTERACTIONS),
    ("feedback.invitations", 2, INVITATIONS),
]
