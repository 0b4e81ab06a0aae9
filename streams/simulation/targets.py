"""Service-level targets that the help desk's own tool sets, for those it holds to be important."""

from __future__ import annotations

from streams.simulation.talk import FIRST_REPLY_S, Talk

__all__ = ["set_targets", "want_next_reply"]

_CALENDAR = "support"

#: Seconds to the targets. That of the first reply is this many times what is usual.
_FIRST_REPLY_TIMES = 2.5
_NEXT_REPLY_S = 120.0
_RESOLUTION_S = 2700.0


def set_targets(talk: Talk) -> None:
    """Set the targets of a conversation that has just begun, if it is important."""
    if talk.scene.customer.tier == "gold":
        talk.policy = "helpdesk-gold"
    elif talk.priority == "high":
        talk.policy = "helpdesk-high"
    else:
        return
    _set(talk, "first_reply", FIRST_REPLY_S[talk.channel] * _FIRST_REPLY_TIMES)
    _set(talk, "resolution", _RESOLUTION_S)


def want_next_reply(talk: Talk) -> None:
    """Set the target of the reply to what the customer has just said."""
    if talk.policy is not None:
        _set(talk, "next_reply", _NEXT_REPLY_S)


def _set(talk: Talk, metric: str, seconds: float) -> None:
    talk.say(
        "SLA_APPLIED", "SYSTEM",
        sla_policy_id=talk.policy, sla_metric=metric, calendar_id=_CALENDAR,
        due_at=talk.now_ms + talk.scene.fixed(seconds),
    )  # fmt: skip
