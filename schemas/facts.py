"""The facts a history yields: what a measure may count besides answers and records.

A *history* is all records of one customer in one topic. A fact is a value with the time that decides
its slice: a duration in milliseconds, a flag (0 or 1), or a whole number. The pages of `docs/metrics`
define each.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["CLOCKS", "FACTS", "HORIZONS_MS", "FactKind"]

#: Durations that are measured on two clocks: plain time, and the hours of a business calendar.
CLOCKS = ("calendar", "business")

_DAY_MS = 86_400_000

#: Days without a repeat contact, by the name of the fact.
HORIZONS_MS = {"fcr.no_repeat.7d": 7 * _DAY_MS, "fcr.no_repeat.14d": 14 * _DAY_MS}

_INTERACTIONS, _INVITATIONS = "feedback.interactions", "feedback.invitations"


@dataclass(frozen=True, slots=True)
class FactKind:
    """One kind of fact.

    `scale` is the range of a number or a flag, None for a duration. Until `horizon_ms` after its time
    a fact is provisional: what it waits for may still come.
    """

    name: str
    topic: str
    doc: str
    scale: tuple[int, int] | None = None
    horizon_ms: int = 0

    @property
    def is_duration(self) -> bool:
        """Whether its value is in milliseconds."""
        return self.scale is None


_CLOCKED = {
    "first_reply.created": "From the start of a conversation to the first reply of a person.",
    "first_reply.any": "From the start of a conversation to the first reply of a person or a bot.",
    "first_reply.human": "From the start to the first reply of a person, without the time of a bot.",
    "first_reply.handoff": "From the hand-off by a bot to the first reply of a person after it.",
    "first_reply.assigned": "From the first assignment to the first reply of a person.",
    "next_reply": "From a customer's unanswered message to the next reply of a person.",
    "first_resolution": "From the start of a conversation to its first solution.",
    "full_resolution": "From the start of a conversation to its last solution.",
    "requester_wait": "Time the customer waited for the company, until the last solution.",
    "agent_wait": "Time the company waited for the customer, until the last solution.",
    "hold_time": "Time on hold, until the last solution.",
    "bot_time": "Time with a bot, until the last solution.",
}

_FLAG, _COUNT = (0, 1), (0, 100)

_KINDS = [
    FactKind(f"{name}.{clock}", _INTERACTIONS, f"{doc} On the {clock} clock.")
    for name, doc in _CLOCKED.items()
    for clock in CLOCKS
] + [
    FactKind("handle.total", _INTERACTIONS, "Talk, hold and after-contact work of one contact."),
    FactKind("handle.talk", _INTERACTIONS, "Talk of one contact."),
    FactKind("handle.hold", _INTERACTIONS, "Hold of one contact."),
    FactKind("handle.after_work", _INTERACTIONS, "After-contact work of one contact."),
    FactKind("transfers", _INTERACTIONS, "Transfers of a solved conversation.", _COUNT),
    FactKind("replies", _INTERACTIONS, "Replies of persons in a solved conversation.", _COUNT),
    FactKind("effort", _INTERACTIONS, "Observed effort of a solved conversation.", _COUNT),
    FactKind("reopened", _INTERACTIONS, "Whether a solved conversation was reopened.", _FLAG),
    FactKind("fcr.no_further", _INTERACTIONS,
             "Whether it was solved without a further word of the customer.", _FLAG),
    FactKind("fcr.one_reply", _INTERACTIONS, "Whether it was solved with exactly one reply.", _FLAG),
    *(
        FactKind(name, _INTERACTIONS,
                 f"Whether no repeat contact came within {horizon // _DAY_MS} days.", _FLAG, horizon)
        for name, horizon in HORIZONS_MS.items()
    ),
    FactKind("sla", _INTERACTIONS, "Whether a service-level target was met.", _FLAG),
    FactKind("promise", _INTERACTIONS, "Whether a promise was kept in time.", _FLAG),
    FactKind("journey.on_map", _INTERACTIONS, "Whether a step of a journey was on the map.", _FLAG),
    FactKind("journey.stage_time", _INTERACTIONS, "Time in a stage of a journey."),
    FactKind("journey.in_time", _INTERACTIONS, "Whether a stage was left in time.", _FLAG),
    FactKind("participation", _INVITATIONS,
             "How far an invitation came: 1 sent, 2 delivered, 3 opened, 4 started, 5 answered, "
             "6 completed.", (1, 6)),
    FactKind("contact", _INVITATIONS, "Whether an invitation broke a contact rule.", _FLAG),
]  # fmt: skip

FACTS: dict[str, FactKind] = {kind.name: kind for kind in _KINDS}
