"""Random histories, crowded enough that ties, edges and repetitions happen in most of them."""

from __future__ import annotations

from datetime import date
from random import Random
from typing import Any

from hypothesis import strategies as st

from schemas.calendars import Calendar
from schemas.contact_rules import ContactRule
from schemas.effort import EffortWeights
from schemas.journey_maps import JourneyMap
from schemas.measures import HistoryRules, Measure, Measures, OncePer
from schemas.policies import SlaPolicy
from tests.builders import NOW_MS
from tests.verifying.rows import DAY, HOUR, INTERACTIONS, INVITATIONS, MINUTE, RESPONSES

__all__ = ["MAKERS", "ONCE", "RULES", "histories"]

Records = list[dict[str, Any]]

_OFFICE = (((540, 1020),),) * 5 + ((), ())
_NIGHT = (((0, 150), (1320, 1440)),) * 7

#: Rules under which something is at stake in every direction. 2025-10-26 the clocks of Berlin go back.
RULES = HistoryRules(
    calendars={
        "office": Calendar("office", "Europe/Berlin", _OFFICE, frozenset({date(2025, 10, 10)})),
        "night": Calendar("night", "Europe/Berlin", _NIGHT),
    },
    default_calendar="office",
    policies=(
        SlaPolicy("gold", {"first_reply": HOUR, "next_reply": HOUR, "resolution": DAY}, "office"),
        SlaPolicy(
            "mail",
            {"first_reply": 2 * HOUR, "next_reply": 10 * MINUTE},
            "",
            {"channel": frozenset({"EMAIL"}), "team_id": frozenset({"t1"})},
        ),
        SlaPolicy("urgent", {"resolution": 3 * HOUR}, "night", {"priority": frozenset({"high"})}),
    ),
    effort=EffortWeights(3, 5, 7, 2, 1, 4),
    journeys={
        "buy": JourneyMap(
            "buy",
            ("a", "b", "c"),
            frozenset({"a"}),
            frozenset({("a", "b"), ("b", "c"), ("b", "a")}),
            3 * DAY,
            {"a": 2 * HOUR, "b": DAY},
        )
    },
    contact_rules=(
        ContactRule("weekly", 1, 7 * DAY),
        ContactRule("gap", None, None, 2 * HOUR, frozenset({"RELATIONSHIP"})),
        ContactRule("mails", 2, DAY, HOUR, frozenset(), frozenset({"EMAIL"})),
    ),
    assume_delivered=True,
)


def _once(name: str, period: OncePer, **others: Any) -> Measure:
    dimensions = ("touchpoint", "channel", "attributes.tier")
    return Measure(
        name, RESPONSES, "", "", dimensions, (), metric="NPS", scale=(0, 10), once_per=period, **others
    )  # fmt: skip


ONCE = Measures(
    1,
    [
        _once("hourly", "hour"),
        _once("daily", "day", survey_kinds=frozenset({"PRODUCT"})),
        _once("monthly", "month", survey_versions=frozenset({1}), completed_only=True),
    ],
    "",
)

_TYPES = [
    *["CUSTOMER_MESSAGE", "AGENT_MESSAGE", "SOLVED"] * 3, *["PENDING", "REOPENED"] * 2,
    "CREATED", "BOT_MESSAGE", "BOT_MESSAGE", "NOTE", "ASSIGNED", "TRANSFERRED", "BOT_HANDOFF", "ON_HOLD",
    "CLOSED", "SLA_APPLIED", "CALL_ENDED", "PROMISE_MADE", "PROMISE_KEPT", "OUTREACH",
]  # fmt: skip
_AFTER_THE_LAST_SLICE = 5_000_000_000_000


class _Chance:
    """Draws the fields of records. Times of one history lie on a grid of one unit."""

    def __init__(self, rng: Random) -> None:
        self.of = rng.choice
        self.within = rng.randint
        self.unit = rng.choice([1, MINUTE, HOUR, 5 * HOUR, DAY])
        self.steps = rng.choice([3, 10, 30])

    def moment(self) -> int:
        return NOW_MS + self.unit * self.within(0, self.steps)

    def text(self, *values: str) -> str | None:
        return self.of([None, *values])

    def attributes(self) -> list[dict[str, str]]:
        names, values = ["tier", "repeated_information"], ["true", "gold", ""]
        return [
            {"name": self.of(names), "value": self.of(values)} for _ in range(self.within(0, 3))
        ]


def interactions(rng: Random) -> Records:
    """Return records of some conversations of one customer."""
    chance = _Chance(rng)
    some = [rng.choice(["desk", "phone"]) + f"/k{n}" for n in range(rng.choice([1, 1, 2, 5]))]
    return [_interaction(chance, *chance.of(some).split("/")) for _ in range(rng.randint(1, 40))]


def _interaction(chance: _Chance, source: str, conversation: str) -> dict[str, Any]:
    return {
        "source": source,
        "conversation_id": conversation,
        "type": chance.of(_TYPES),
        "actor": chance.of(["UNKNOWN", "CUSTOMER", "HUMAN", "HUMAN", "BOT", "SYSTEM"]),
        "event_time": chance.moment(),
        "issue_id": chance.of([None, None, None, "i1"]),
        "contact_reason": chance.text("bill"),
        "agent_id": chance.text("a1", "a2"),
        "team_id": chance.text("t1", "t2"),
        "public": chance.of([True, True, False]),
        "channel": chance.of(["UNKNOWN", "EMAIL", "PHONE"]),
        "priority": chance.text("high", "low"),
        "touchpoint": chance.text("cart"),
        "journey": chance.text("buy", "buy", "other"),
        "journey_stage": chance.text("a", "b", "c", "d"),
        "on_map": chance.of(["UNKNOWN", "ON", "ON", "OFF"]),
        "sla_policy_id": chance.text("p1", "p2"),
        "sla_metric": chance.text("first_reply", "next_reply", "resolution", "other"),
        "due_at": chance.of([None, chance.moment(), chance.moment(), _AFTER_THE_LAST_SLICE]),
        "calendar_id": chance.of([None, None, "night", "unknown"]),
        "talk_ms": chance.of([None, None, -1, 0, 7, 10**13, 10**13 + 1]),
        "hold_ms": chance.of([None, 0, 7]),
        "after_work_ms": chance.of([None, None, 7, -1]),
        "product": chance.text("p"),
        "region": chance.text("eu"),
        "attributes": chance.attributes(),
    }


def invitations(rng: Random) -> Records:
    """Return records of some invitations of one customer."""
    chance = _Chance(rng)
    some = [f"i{n}" for n in range(rng.choice([1, 3, 10]))]
    return [_invitation(chance, chance.of(some)) for _ in range(rng.randint(1, 40))]


def _invitation(chance: _Chance, invitation: str) -> dict[str, Any]:
    steps = ["SENT", "DELIVERED", "OPENED", "STARTED", "ANSWERED", "COMPLETED"]
    return {
        "source": chance.of(["mailer", "mailer", "shop"]),
        "invitation_id": invitation,
        "survey_id": chance.of(["s1", "s2"]),
        "survey_kind": chance.of(["UNKNOWN", "RELATIONSHIP", "TRANSACTIONAL"]),
        "status": chance.of([*steps, "SENT", "SENT", "PLANNED", "BOUNCED", "EXPIRED"]),
        "touchpoint": chance.text("cart"),
        "journey_stage": chance.text("a"),
        "channel": chance.of(["UNKNOWN", "EMAIL", "EMAIL", "SMS"]),
        "event_time": chance.moment(),
        "expires_at": chance.of([None, None, None, chance.moment()]),
        "attributes": chance.attributes(),
    }


def answers(rng: Random) -> Records:
    """Return revisions of some answers of one customer; no revision twice."""
    chance = _Chance(rng)
    return list(
        {
            (one["source"], one["response_id"], one["question_id"], one["revision"]): one
            for one in [_answer(chance) for _ in range(rng.randint(1, 25))]
        }.values()
    )


def _answer(chance: _Chance) -> dict[str, Any]:
    return {
        "source": chance.of(["shop", "mailer"]),
        "response_id": chance.of(["r1", "r2", "r3"]),
        "question_id": chance.of(["q1", "q2"]),
        "revision": chance.within(1, 3),
        "op": chance.of(["CREATE", "UPDATE", "UPDATE", "DELETE"]),
        "survey_version": chance.of([None, 1, 1, 2]),
        "survey_kind": chance.of(["RELATIONSHIP", "PRODUCT"]),
        "higher_is_better": chance.of([True] * 9 + [False]),
        "value_number": chance.of([None, *map(float, range(11))]),
        "dismissed": chance.of([False] * 4 + [True]),
        "completed": chance.of([True, True, False]),
        "is_test": chance.of([False] * 5 + [True]),
        "touchpoint": chance.text("cart"),
        "channel": chance.of(["UNKNOWN", "EMAIL"]),
        "responded_at": chance.moment(),
        "attributes": chance.attributes(),
    }


#: What makes a random history, by input topic.
MAKERS = {INTERACTIONS: interactions, INVITATIONS: invitations, RESPONSES: answers}


def histories(topic: str) -> st.SearchStrategy[Records]:
    """Return random histories of a topic. A seed stands for each, so that long ones cost nothing."""
    return st.integers(0, 2**32 - 1).map(lambda seed: MAKERS[topic](Random(seed)))
