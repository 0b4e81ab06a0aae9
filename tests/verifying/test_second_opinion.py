"""The two implementations of histories agree on any timeline. They share the spec, and no code."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.measures import HistoryRules, Measures
from streams.histories.answers import AnswerHistory
from streams.histories.events import answer_event, interaction_event, invitation_event
from streams.histories.interactions import ConversationHistory
from streams.histories.invitations import InvitationHistory
from streams.histories.journeys import JourneyHistory
from streams.verifying.answers import newest_of_each
from streams.verifying.fact import Fact
from streams.verifying.once_per_customer import once_cells
from streams.verifying.recount import facts_of_history
from tests.builders import record_for
from tests.verifying.rows import INTERACTIONS, INVITATIONS, MINUTE, RESPONSES, row_of
from tests.verifying.timelines import ONCE, RULES, histories

Rows = list[dict[str, Any]]


def rows_of(topic: str, records: Rows) -> Rows:
    return [
        row_of(topic, record_for(topic, event_id=f"e{i:02}", customer_id="c1", **record), i)
        for i, record in enumerate(records)
    ]


def counted(facts: Iterable[Any]) -> Counter[Any]:
    """Return the facts of either side in one shape."""
    return Counter(
        (
            one.name,
            one.time_ms,
            one.value,
            tuple(sorted((name, value) for name, value in dict(one.dimensions).items() if value)),
        )
        for one in facts
    )


def ours(topic: str, rows: Rows, rules: HistoryRules = RULES) -> list[Fact]:
    return list(facts_of_history(topic, rows, Measures(1, [], "", rules)))


@settings(max_examples=150, deadline=None)
@given(histories(INTERACTIONS))
def test_conversations(records: Rows) -> None:
    rows = rows_of(INTERACTIONS, records)
    history = ConversationHistory()
    for row in rows:
        history.add(interaction_event(row), RULES)
    of_conversations = [
        one for one in ours(INTERACTIONS, rows) if not one.name.startswith("journey.")
    ]
    assert counted(of_conversations) == counted(history.facts())


@settings(max_examples=100, deadline=None)
@given(histories(INTERACTIONS))
def test_journeys(records: Rows) -> None:
    rows = rows_of(INTERACTIONS, records)
    history = JourneyHistory()
    for row in rows:
        history.add(interaction_event(row), RULES)
    of_journeys = [one for one in ours(INTERACTIONS, rows) if one.name.startswith("journey.")]
    assert counted(of_journeys) == counted(history.facts())


@settings(max_examples=150, deadline=None)
@given(histories(INVITATIONS), st.booleans())
def test_invitations(records: Rows, delivered: bool) -> None:
    rules = dataclasses.replace(RULES, assume_delivered=delivered)
    rows = rows_of(INVITATIONS, records)
    history = InvitationHistory()
    for row in rows:
        history.add(invitation_event(row), rules)
    assert counted(ours(INVITATIONS, rows, rules)) == counted(history.facts())


@settings(max_examples=150, deadline=None)
@given(histories(RESPONSES))
def test_once_per_customer(records: Rows) -> None:
    rows = rows_of(RESPONSES, records)
    history = AnswerHistory()
    for row in rows:
        history.add(answer_event(row), ONCE)
    theirs: Counter[Any] = Counter()
    for fact in history.facts():
        shown = tuple(
            (name, value)
            for name, value in fact.dimensions
            if value and name in ("touchpoint", "channel", "attributes.tier")
        )
        theirs[fact.name, shown, fact.time_ms - fact.time_ms % MINUTE, fact.value] += 1
    assert Counter(tuple(cell) for cell in once_cells(newest_of_each(rows), ONCE)) == theirs
