"""Service-level targets: of the help desk, and of own policies."""

from __future__ import annotations

from schemas.calendars import Calendar
from schemas.measures import HistoryRules
from schemas.policies import SlaPolicy
from streams.histories.events import InteractionEvent
from tests.histories.conversations.telling import Told, at, hours, minutes, ms, tell

OFFICE = Calendar("office", "Europe/Berlin", (((9 * 60, 17 * 60),),) * 5 + ((), ()))

STANDARD = SlaPolicy(
    "standard",
    {"first_reply": hours(1), "next_reply": minutes(30), "resolution": hours(4)},
)
RULES = HistoryRules(policies=(STANDARD,))


def judged(told: Told, metric: str) -> list[tuple[int, int]]:
    """Return due time and value of every target of a metric."""
    return [
        (fact.time_ms, fact.value)
        for fact in told.facts("sla")
        if ("sla_metric", metric) in fact.dimensions
    ]


def test_a_target_is_open_then_met() -> None:
    told = Told()
    told.add(at("09:00", "CREATED"), RULES)
    assert judged(told, "first_reply") == [(ms("10:00"), 0)]  # stands in the future
    assert judged(told, "resolution") == [(ms("13:00"), 0)]

    told.add(at("10:00", "AGENT_MESSAGE"), RULES)
    assert judged(told, "first_reply") == [(ms("10:00"), 1)]  # in the very last moment

    told.add(at("13:00:01", "SOLVED"), RULES)
    assert judged(told, "resolution") == [(ms("13:00"), 0)]


def test_a_solution_answers_too() -> None:
    told = tell(at("09:00", "CREATED"), at("09:30", "SOLVED"), rules=RULES)

    assert judged(told, "first_reply") == [(ms("10:00"), 1)]


def test_every_turn_has_its_target() -> None:
    told = tell(
        at("09:00", "CREATED"),
        at("09:10", "AGENT_MESSAGE"),
        at("09:20", "CUSTOMER_MESSAGE"),
        at("09:50", "AGENT_MESSAGE"),  # in time
        at("10:00", "CUSTOMER_MESSAGE"),
        at("10:31", "AGENT_MESSAGE"),  # late
        at("11:00", "CUSTOMER_MESSAGE"),
        at("11:05", "SOLVED"),  # solved without a word
        at("11:10", "REOPENED"),  # not answered yet
        rules=RULES,
    )

    assert judged(told, "next_reply") == [
        (ms("09:50"), 1),
        (ms("10:30"), 0),
        (ms("11:30"), 1),
        (ms("11:40"), 0),
    ]


def test_the_eternal_goodbye_breaches_nothing() -> None:
    told = tell(
        at("09:00", "CREATED"),
        at("09:10", "AGENT_MESSAGE"),
        at("09:20", "SOLVED"),
        at("09:25", "CUSTOMER_MESSAGE"),  # "thanks!", and nobody answers
        rules=RULES,
    )

    assert judged(told, "next_reply") == []
    assert [fact.value for fact in told.facts("sla")] == [1, 1]


def test_targets_in_business_time() -> None:
    policy = SlaPolicy("hours", {"first_reply": hours(2)}, calendar="office")
    rules = HistoryRules(calendars={"office": OFFICE}, policies=(policy,))
    told = tell(
        at("2026-03-27 15:00", "CREATED"),  # Friday 16:00 in Berlin, then the clocks go forward
        at("2026-03-30 08:00", "AGENT_MESSAGE"),  # Monday 10:00
        rules=rules,
    )

    assert judged(told, "first_reply") == [(ms("2026-03-30 08:00"), 1)]


def test_a_policy_is_for_conversations_as_they_were_first_described() -> None:
    policy = SlaPolicy(
        "urgent mail",
        {"first_reply": minutes(10)},
        match={"channel": frozenset({"EMAIL"}), "priority": frozenset({"high", "urgent"})},
    )
    rules = HistoryRules(policies=(policy,))

    told = Told()
    told.add(at("09:00", "CREATED", channel="EMAIL"), rules)
    assert told.names() == set()  # nobody said yet how urgent it is

    told.add(at("09:05", "NOTE", priority="urgent"), rules)
    assert judged(told, "first_reply") == [(ms("09:10"), 0)]

    told.add(at("09:06", "NOTE", priority="low", channel="CHAT"), rules)
    assert judged(told, "first_reply") == [(ms("09:10"), 0)]

    told.add(at("09:01", "NOTE", priority="low"), rules)  # arrives late, said it first
    assert judged(told, "first_reply") == []


def test_the_team_of_a_policy_is_not_the_one_a_customer_names() -> None:
    policy = SlaPolicy("vip", {"first_reply": minutes(10)}, match={"team_id": frozenset({"vip"})})
    rules = HistoryRules(policies=(policy,))

    asked = tell(at("09:00", "CREATED", team_id="vip"), rules=rules)
    assigned = tell(
        at("09:00", "CREATED", team_id="all"),
        at("09:01", "ASSIGNED", actor="SYSTEM", team_id="vip"),
        rules=rules,
    )

    assert asked.facts("sla") == []
    assert judged(assigned, "first_reply") == [(ms("09:10"), 0)]


def test_targets_the_help_desk_applies() -> None:
    told = tell(
        at("09:00", "CREATED"),
        _applied("09:01", "first_reply", "09:30"),
        _applied("09:01", "resolution", "12:00"),
        at("09:29", "AGENT_MESSAGE"),
        _applied("09:40", "next_reply", "10:00"),
        at("10:05", "AGENT_MESSAGE"),
        _applied("10:10", "next_reply", "10:30"),
        at("10:20", "SOLVED"),
    )

    assert judged(told, "first_reply") == [(ms("09:30"), 1)]
    assert judged(told, "next_reply") == [(ms("10:00"), 0), (ms("10:30"), 1)]
    assert judged(told, "resolution") == [(ms("12:00"), 1)]
    assert {("sla_policy", "gold")} <= {
        pair for fact in told.facts("sla") for pair in fact.dimensions
    }


def test_a_target_applied_again_replaces_the_one_before() -> None:
    told = tell(
        at("09:00", "CREATED"),
        _applied("09:01", "resolution", "10:00"),
        _applied("09:01", "resolution", "10:00", policy="silver"),
        _applied("09:30", "resolution", "14:00"),
        at("13:00", "SOLVED"),
    )

    assert judged(told, "resolution") == [(ms("10:00"), 0), (ms("14:00"), 1)]


def test_after_a_reopening_a_resolution_applied_again_asks_for_the_next_one() -> None:
    told = tell(
        at("09:00", "CREATED"),
        at("10:00", "SOLVED"),
        at("11:00", "REOPENED"),
        _applied("11:01", "resolution", "12:00"),
        at("12:30", "SOLVED"),
    )

    assert judged(told, "resolution") == [(ms("12:00"), 0)]


def test_an_sla_event_that_says_no_metric_or_no_time_is_no_target() -> None:
    told = tell(
        at("09:00", "CREATED"),
        at("09:01", "SLA_APPLIED", sla_policy_id="gold", sla_metric="first_reply"),
        _applied("09:01", "mood", "12:00"),
        at("09:02", "SLA_BREACHED", sla_metric="first_reply", due="09:01"),
    )

    assert told.names() == set()


def test_a_target_has_the_dimensions_of_its_start() -> None:
    told = tell(
        at("09:00", "CREATED", channel="EMAIL"),
        _applied("09:01", "first_reply", "09:30"),
        at("09:02", "AGENT_MESSAGE", team_id="late"),
        rules=RULES,
    )

    of_policy = {fact.dimensions for fact in told.facts("sla")}
    assert of_policy == {
        (("channel", "EMAIL"), ("sla_metric", "first_reply"), ("sla_policy", "gold")),
        (("channel", "EMAIL"), ("sla_metric", "first_reply"), ("sla_policy", "standard")),
        (("channel", "EMAIL"), ("sla_metric", "resolution"), ("sla_policy", "standard")),
    }


def _applied(when: str, metric: str, due: str, policy: str = "gold") -> InteractionEvent:
    return at(when, "SLA_APPLIED", due=due, sla_metric=metric, sla_policy_id=policy)
