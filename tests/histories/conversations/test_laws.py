"""Laws that hold for every conversation, however odd."""

from __future__ import annotations

import random
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.calendars import Calendar
from schemas.effort import EffortWeights
from schemas.facts import FACTS
from schemas.measures import HistoryRules
from schemas.policies import SlaPolicy
from streams.histories.events import InteractionEvent
from tests.histories.conversations.telling import (
    at,
    days,
    facts_of,
    hours,
    judged,
    minutes,
    segments_of,
    tell,
)

TYPES = (
    "CREATED", "CUSTOMER_MESSAGE", "BOT_MESSAGE", "BOT_HANDOFF", "ASSIGNED", "TRANSFERRED",
    "SLA_APPLIED", "AGENT_MESSAGE", "NOTE", "CALL_ENDED", "PENDING", "ON_HOLD", "REOPENED",
    "SOLVED", "CLOSED", "PROMISE_MADE", "PROMISE_KEPT", "OUTREACH",
)  # fmt: skip

OFFICE = Calendar("office", "Europe/Berlin", (((9 * 60, 17 * 60),),) * 5 + ((), ()))

RULES = HistoryRules(
    calendars={"office": OFFICE},
    default_calendar="office",
    policies=(
        SlaPolicy("all", {"first_reply": hours(1), "next_reply": hours(2), "resolution": days(1)}),
        SlaPolicy("chat", {"resolution": hours(8)}, "office", {"channel": frozenset({"CHAT"})}),
    ),
    effort=EffortWeights(3, 5, 7, 2, 1, 4),
)

#: Few moments, so that many events share one; the last ones are days and weeks later.
MOMENTS = [*(minutes(10 * n) for n in range(8)), days(7), days(10), days(14) + 1]


@st.composite
def an_event(draw: st.DrawFn) -> InteractionEvent:
    kind = draw(st.sampled_from(TYPES))
    event = at(
        "2026-03-23 08:00",
        kind,
        conversation_id=draw(st.sampled_from(["k1", "k1", "k2"])),
        source=draw(st.sampled_from(["desk", "desk", "desk", "phone"])),
        channel=draw(st.sampled_from(["UNKNOWN", "CHAT", "EMAIL"])),
        agent_id=draw(st.sampled_from(["", "ann", "bob"])),
        issue_id=draw(st.sampled_from(["", "", "", "i1"])),
        contact_reason=draw(st.sampled_from(["", "", "bill"])),
        public=draw(st.sampled_from([True, True, False])),
        talk_ms=draw(st.sampled_from([None, None, 0, 5000])),
        sla_metric=draw(st.sampled_from(["first_reply", "next_reply", "resolution"])),
        sla_policy_id="gold",
    )
    if draw(st.integers(0, 4)) == 0:
        event = event._replace(actor=draw(st.sampled_from(["SYSTEM", "BOT", "UNKNOWN"])))
    start = event.event_time
    event = event._replace(event_time=start + draw(st.sampled_from(MOMENTS)))
    if kind in {"SLA_APPLIED", "PROMISE_MADE"}:
        event = event._replace(due_at=event.event_time + draw(st.sampled_from(MOMENTS)))
    return event


EVENTS = st.lists(an_event(), min_size=1, max_size=24)

few = settings(max_examples=80, deadline=None)


@few
@given(EVENTS, st.randoms(use_true_random=False))
def test_any_order_of_arrival_gives_the_same_facts(
    events: list[InteractionEvent], rng: random.Random
) -> None:
    shuffled = rng.sample(events, len(events))

    assert facts_of(shuffled, RULES) == facts_of(sorted(events, key=_time_of), RULES)


@few
@given(EVENTS, EVENTS)
def test_new_definitions_on_the_way_lead_where_they_would_have_led_from_the_start(
    before: list[InteractionEvent], after: list[InteractionEvent]
) -> None:
    told = tell(*before)
    for event in after:
        told.add(event, RULES)

    assert told.books == facts_of([*before, *after], RULES)


@few
@given(EVENTS)
def test_the_conversation_is_the_same_read_at_once_or_event_by_event(
    events: list[InteractionEvent],
) -> None:
    told = tell(*events, rules=RULES)

    for one in {(event.source, event.conversation_id) for event in events}:
        own = [event for event in events if (event.source, event.conversation_id) == one]
        assert told.history.conversation(*one) == judged(own, RULES)


@few
@given(EVENTS)
def test_time_is_neither_lost_nor_made(events: list[InteractionEvent]) -> None:
    conversation = judged(events, RULES)
    segments = segments_of(events, RULES)

    whole = conversation.end_ms - conversation.start_ms
    assert sum(end - start for _, start, end in segments) == whole
    assert all(start < end for _, start, end in segments)
    value = {fact.name: fact.value for fact in conversation.facts}
    for clock in ("calendar", "business"):
        if f"full_resolution.{clock}" not in value or conversation.last_solve_ms is None:
            continue
        parts = ("requester_wait", "agent_wait", "bot_time")
        spent = sum(value[f"{part}.{clock}"] for part in parts)
        full = value[f"full_resolution.{clock}"]
        assert spent <= full
        assert value[f"hold_time.{clock}"] <= value[f"requester_wait.{clock}"]
        if clock == "calendar":
            # The last solve may stand inside a time solved: one opened again and solved at once.
            last = conversation.last_solve_ms
            solved = sum(
                min(end, last) - start
                for state, start, end in segments
                if state in {"solved", "closed"} and start < last
            )
            assert spent + solved == full


@few
@given(EVENTS)
def test_every_fact_is_one_the_catalogue_knows_and_within_its_scale(
    events: list[InteractionEvent],
) -> None:
    for fact in tell(*events, rules=RULES).history.facts():
        kind = FACTS[fact.name]
        assert kind.topic == "feedback.interactions"
        if kind.scale is None:
            assert fact.value >= 0
        else:
            assert kind.scale[0] <= fact.value <= kind.scale[1]
        assert list(fact.dimensions) == sorted(dict(fact.dimensions).items())
        assert all(value for _, value in fact.dimensions)


@few
@given(EVENTS)
def test_business_time_is_never_longer_than_plain_time(events: list[InteractionEvent]) -> None:
    plain: Counter[tuple[str, int]] = Counter()
    for fact in judged(events, RULES).facts:
        name, _, clock = fact.name.rpartition(".")
        if clock in {"calendar", "business"}:
            plain[name, fact.time_ms] += fact.value if clock == "calendar" else -fact.value

    assert all(difference >= 0 for difference in plain.values())


MORE_EFFORT: dict[str, list[InteractionEvent]] = {
    "transfer": [at("2026-04-19 09:00", "TRANSFERRED")],
    "reopen": [at("2026-04-21 08:00", "REOPENED"), at("2026-04-21 08:00", "SOLVED")],
    "channel_switch": [
        at("2026-04-19 09:00", "CUSTOMER_MESSAGE", channel="SMS"),
        at("2026-04-19 09:00", "CUSTOMER_MESSAGE", channel="PHONE"),
    ],
    "repeated_information": [
        at("2026-04-19 09:00", "NOTE", attributes=(("repeated_information", "true"),))
    ],
    "repeat_contact": [],
}


@few
@given(EVENTS, st.sampled_from(sorted(MORE_EFFORT)))
def test_one_more_sign_of_effort_is_more_effort(events: list[InteractionEvent], sign: str) -> None:
    # Open on the 19th, whatever it was before, and solved on the 20th.
    ended = [at("2026-04-19 08:00", "REOPENED"), at("2026-04-20 08:00", "SOLVED")]
    told = tell(*events, *ended, rules=RULES)
    own = told.history.conversation("desk", "k1")
    before = told.value("effort")
    contact = at("09:00", "CREATED", conversation_id="new")

    # An earlier contact begins just before k1, about whatever k1 is about.
    earlier = contact._replace(
        issue_id=own.issue_id, contact_reason=own.contact_reason, event_time=own.start_ms - 1
    )
    for event in [earlier] if sign == "repeat_contact" else MORE_EFFORT[sign]:
        told.add(event, RULES)

    after = told.value("effort")
    assert before is not None
    assert after is not None
    assert before < after or before == after == 100


def _time_of(event: InteractionEvent) -> tuple[int, str]:
    return event.event_time, event.event_id
