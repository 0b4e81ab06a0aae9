"""How far an invitation came, checked by hand. It is sent at minute 0."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.measures import HistoryRules
from streams.histories.events import InvitationEvent, invitation_event
from streams.histories.fact import Change, Fact
from streams.histories.invitations import InvitationHistory
from streams.histories.participation import participation_fact
from tests.builders import invitation

START = 1_760_000_000_000
MINUTE_MS = 60_000


def status(name: str, minute: float = 0, **fields: Any) -> InvitationEvent:
    moment = START + int(minute * MINUTE_MS)
    fields = {"event_id": f"{name}@{minute:g}"} | fields
    return invitation_event(invitation(status=name, event_time=moment, **fields))


def reached(*events: InvitationEvent, **options: bool) -> int | None:
    fact = participation_fact(events, **options)
    return None if fact is None else fact.value


@pytest.mark.parametrize(
    ("names", "step"),
    [
        (["SENT"], 1),
        (["SENT", "DELIVERED"], 2),
        (["SENT", "DELIVERED", "OPENED"], 3),
        (["SENT", "STARTED"], 4),
        (["COMPLETED", "SENT"], 6),
        (["ANSWERED"], 5),
        (["SENT", "UNSUBSCRIBED", "EXPIRED"], 1),
        (["PLANNED"], None),
        (["SUPPRESSED"], None),
        (["BOUNCED"], None),
        (["SENT", "BOUNCED"], 1),
        (["SENT", "BOUNCED", "OPENED"], 1),
        (["SENT", "COMPLETED", "BOUNCED"], 1),
    ],
)
def test_the_furthest_step_counts_unless_it_bounced(names: list[str], step: int | None) -> None:
    assert reached(*(status(name, minute) for minute, name in enumerate(names))) == step


def test_a_step_counts_up_to_the_very_moment_it_expires() -> None:
    expires_at = START + 10 * MINUTE_MS
    sent = status("SENT", 0, expires_at=expires_at)
    assert reached(sent, status("COMPLETED", 10)) == 6
    assert reached(sent, status("OPENED", 9), status("COMPLETED", 10.001)) == 3


def test_the_latest_expiry_stands_whichever_record_names_it() -> None:
    sent = status("SENT", 0, expires_at=START + MINUTE_MS)
    longer = status("EXPIRED", 3, expires_at=START + 5 * MINUTE_MS)
    assert reached(sent, status("OPENED", 4)) == 1
    assert reached(sent, status("OPENED", 4), longer) == 3


def test_steps_after_the_expiry_say_nothing_at_all() -> None:
    late = status("SENT", 2, expires_at=START + MINUTE_MS)
    assert participation_fact([late]) is None
    fact = participation_fact([late, status("OPENED", 1, touchpoint="mail")])
    assert fact is not None
    assert (fact.time_ms, fact.value) == (START + MINUTE_MS, 3)


def test_delivery_may_be_assumed_of_what_was_sent_and_did_not_bounce() -> None:
    assert reached(status("SENT"), assume_delivered=True) == 2
    assert reached(status("SENT"), status("COMPLETED", 1), assume_delivered=True) == 6
    assert reached(status("SENT"), status("BOUNCED", 1), assume_delivered=True) == 1
    assert reached(status("PLANNED"), assume_delivered=True) is None


def test_it_is_dated_at_the_earliest_sent_and_has_its_dimensions() -> None:
    first = status("SENT", 1, touchpoint="checkout", channel="EMAIL", journey_stage="pay")
    again = status("SENT", 2, touchpoint="reminder", channel="SMS")
    before = status("OPENED", 0, channel="WEB")
    assert participation_fact([again, before, first]) == Fact(
        "participation",
        START + MINUTE_MS,
        3,
        (
            ("channel", "EMAIL"),
            ("journey_stage", "pay"),
            ("survey_id", "s1"),
            ("touchpoint", "checkout"),
        ),
    )


def test_without_a_sent_the_earliest_step_dates_it() -> None:
    fact = participation_fact(
        [
            status("COMPLETED", 5),
            status("PLANNED", 0, channel="SMS"),
            status("OPENED", 3, channel="WEB", attributes=[{"name": "tier", "value": "gold"}]),
        ]
    )
    assert fact is not None
    assert (fact.time_ms, fact.value) == (START + 3 * MINUTE_MS, 6)
    assert {("attributes.tier", "gold"), ("channel", "WEB")} <= set(fact.dimensions)


def test_an_unknown_channel_is_no_dimension() -> None:
    fact = participation_fact([status("SENT", channel="UNKNOWN")])
    assert fact is not None
    assert fact.dimensions == (("survey_id", "s1"),)


def test_a_step_changes_only_its_own_invitation() -> None:
    history, rules = InvitationHistory(), HistoryRules()
    history.add(status("SENT"), rules)
    history.add(status("SENT", 1, invitation_id="other"), rules)
    assert history.add(status("PLANNED", 2), rules) == Change([], [])
    removed, added = history.add(status("OPENED", 3), rules)
    assert [(fact.time_ms, fact.value) for fact in removed] == [(START, 1)]
    assert [(fact.time_ms, fact.value) for fact in added] == [(START, 3)]


def test_the_same_id_of_another_source_is_another_invitation() -> None:
    history, rules = InvitationHistory(), HistoryRules()
    history.add(status("SENT"), rules)
    history.add(status("OPENED", 1, source="other"), rules)
    assert sorted(fact.value for fact in history.facts()) == [1, 3]


def test_new_rules_take_back_what_the_old_ones_said_of_every_invitation() -> None:
    history = InvitationHistory()
    history.add(status("SENT"), HistoryRules())
    removed, added = history.add(
        status("OPENED", 1, invitation_id="other"), HistoryRules(assume_delivered=True)
    )
    assert [fact.value for fact in removed] == [1]
    assert sorted(fact.value for fact in added) == [2, 3]
