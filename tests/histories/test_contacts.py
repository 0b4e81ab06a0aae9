"""Contact rules, checked by hand."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from schemas.contact_rules import ContactRule
from schemas.measures import HistoryRules
from streams.histories.contacts import contact_facts
from streams.histories.events import InvitationEvent, invitation_event
from streams.histories.fact import Change, Fact
from streams.histories.invitations import InvitationHistory
from tests.builders import invitation
from tests.histories.clocks import DAY_MS

START = 1_760_000_000_000


def sent(id_: str, day: float, **fields: Any) -> InvitationEvent:
    moment = START + int(day * DAY_MS)
    fields = {"event_id": f"{id_}@{day:g}"} | fields
    return invitation_event(invitation(invitation_id=id_, event_time=moment, **fields))


def breaches(events: Iterable[InvitationEvent], rule: ContactRule) -> list[int]:
    """Return one flag an invitation, in the order they were sent."""
    return [fact.value for fact in contact_facts(events, [rule])]


def test_more_than_so_many_in_a_period() -> None:
    rule = ContactRule("month", most=2, per_ms=30 * DAY_MS)
    events = [sent("a", 0), sent("b", 1), sent("c", 2), sent("d", 40)]
    assert breaches(events, rule) == [0, 0, 1, 0]


def test_the_period_reaches_back_to_but_not_at_its_length() -> None:
    rule = ContactRule("month", most=1, per_ms=30 * DAY_MS)
    assert breaches([sent("a", 0), sent("b", 30)], rule) == [0, 0]
    assert breaches([sent("a", 0), sent("b", 29.999)], rule) == [0, 1]


def test_a_breach_counts_as_a_contact_too() -> None:
    rule = ContactRule("month", most=1, per_ms=30 * DAY_MS)
    assert breaches([sent("a", 0), sent("b", 20), sent("c", 40)], rule) == [0, 1, 1]


def test_without_a_period_all_count() -> None:
    assert breaches([sent("a", 0), sent("b", 9999)], ContactRule("ever", most=1)) == [0, 1]


def test_a_gap_of_exactly_the_least_is_no_breach() -> None:
    rule = ContactRule("rest", min_gap_ms=7 * DAY_MS)
    assert breaches([sent("a", 0), sent("b", 7), sent("c", 13.999)], rule) == [0, 0, 1]


def test_the_gap_is_looked_at_beyond_the_period_as_well() -> None:
    rule = ContactRule("both", most=5, per_ms=DAY_MS, min_gap_ms=7 * DAY_MS)
    assert breaches([sent("a", 0), sent("b", 3)], rule) == [0, 1]


def test_at_the_same_time_source_and_id_decide_which_one_is_too_many() -> None:
    rule = ContactRule("month", most=1, per_ms=30 * DAY_MS)
    events = [sent("b", 0), sent("a", 0, source="shop"), sent("z", 0, source="crm")]
    facts = contact_facts(
        [event._replace(survey_id=event.invitation_id) for event in events], [rule]
    )
    assert [(dict(fact.dimensions)["survey_id"], fact.value) for fact in facts] == [
        ("z", 0),
        ("a", 1),
        ("b", 1),
    ]
    assert breaches(events, ContactRule("rest", min_gap_ms=1)) == [0, 1, 1]


def test_a_rule_sees_only_its_kinds_and_channels() -> None:
    rule = ContactRule(
        "mail",
        most=1,
        per_ms=30 * DAY_MS,
        survey_kinds=frozenset({"RELATIONSHIP"}),
        channels=frozenset({"EMAIL", "SMS"}),
    )
    events = [
        sent("a", 0, survey_kind="RELATIONSHIP", channel="EMAIL"),
        sent("b", 1, survey_kind="TRANSACTIONAL", channel="EMAIL"),
        sent("c", 2, survey_kind="RELATIONSHIP", channel="WEB"),
        sent("d", 3, survey_kind="RELATIONSHIP", channel="UNKNOWN"),
        sent("e", 4, survey_kind="RELATIONSHIP", channel="SMS"),
    ]
    facts = contact_facts(events, [rule])
    assert [(fact.time_ms, fact.value) for fact in facts] == [(START, 0), (START + 4 * DAY_MS, 1)]


def test_a_fact_names_its_rule_and_its_invitation() -> None:
    rules = [ContactRule("one", most=0), ContactRule("two")]
    event = sent("a", 0, channel="UNKNOWN", touchpoint="shop")
    assert contact_facts([event], rules) == [
        Fact("contact", START, breach, (("contact_rule", name), ("survey_id", "s1"), at_shop))
        for name, breach, at_shop in [
            ("one", 1, ("touchpoint", "shop")),
            ("two", 0, ("touchpoint", "shop")),
        ]
    ]


def contacts(facts: Iterable[Fact]) -> list[tuple[float, int]]:
    return sorted(
        ((fact.time_ms - START) / DAY_MS, fact.value) for fact in facts if fact.name == "contact"
    )


def test_a_contact_that_comes_late_makes_a_later_one_a_breach() -> None:
    history = InvitationHistory()
    rules = HistoryRules(contact_rules=(ContactRule("month", most=1, per_ms=30 * DAY_MS),))
    history.add(sent("b", 5), rules)
    history.add(sent("c", 90), rules)
    removed, added = history.add(sent("a", 0), rules)
    assert contacts(removed) == [(5, 0)]
    assert contacts(added) == [(0, 0), (5, 1)]


def test_an_invitation_is_one_contact_at_its_earliest_sent() -> None:
    history = InvitationHistory()
    rules = HistoryRules(contact_rules=(ContactRule("rest", min_gap_ms=DAY_MS),))
    history.add(sent("a", 0.5), rules)
    assert history.add(sent("a", 0.7), rules) == Change([], [])
    change = history.add(sent("a", 0), rules)
    assert contacts(change.removed) == [(0.5, 0)]
    assert contacts(change.added) == [(0, 0)]


def test_what_bounced_or_was_sent_too_late_is_a_contact() -> None:
    history = InvitationHistory()
    rules = HistoryRules(contact_rules=(ContactRule("rest", min_gap_ms=DAY_MS),))
    history.add(sent("a", 0), rules)
    history.add(sent("a", 0, status="BOUNCED", event_id="bounced"), rules)
    history.add(sent("b", 0.5, expires_at=START), rules)
    assert contacts(history.facts()) == [(0, 0), (0.5, 1)]


def test_new_rules_judge_all_contacts_anew() -> None:
    history = InvitationHistory()
    history.add(sent("a", 0), HistoryRules())
    history.add(sent("b", 1), HistoryRules(contact_rules=(ContactRule("rest", min_gap_ms=1),)))
    assert contacts(history.facts()) == [(0, 0), (1, 0)]
    change = history.add(
        sent("b", 2, status="OPENED"),
        HistoryRules(contact_rules=(ContactRule("rest", min_gap_ms=2 * DAY_MS),)),
    )
    assert contacts(change.removed) == [(1, 0)]
    assert contacts(change.added) == [(1, 1)]
