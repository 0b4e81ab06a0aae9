"""Whatever order records arrive in, the same facts stand; and they are what a slow look at all records
says they are. The moments are few, so that ties, gaps and limits are met exactly.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import groupby
from typing import TypeVar

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.contact_rules import ContactRule
from schemas.journey_maps import JourneyMap
from schemas.measures import HistoryRules, Measures
from streams.histories.answers import AnswerHistory
from streams.histories.events import AnswerEvent, InteractionEvent, InvitationEvent
from streams.histories.fact import Fact
from streams.histories.invitations import InvitationHistory
from streams.histories.journeys import JourneyHistory
from tests.histories.clocks import HOUR_MS
from tests.histories.standing import standing
from tests.histories.test_answers import DAILY, measures
from tests.histories.test_answers import given as answer_given
from tests.histories.test_contacts import sent
from tests.histories.test_journeys import step

E = TypeVar("E")
R = TypeVar("R")

lean = settings(max_examples=60, deadline=None)

MAP = JourneyMap(
    name="order",
    stages=("a", "b", "c"),
    starts=frozenset({"a"}),
    transitions=frozenset({("a", "b"), ("b", "c"), ("c", "b")}),
    ends_after_ms=2 * HOUR_MS,
    expected_ms={"a": HOUR_MS, "b": 0},
)
OTHER_MAP = replace(MAP, starts=frozenset("b"), ends_after_ms=1)
JOURNEYS = HistoryRules(journeys={"order": MAP, "return": replace(MAP, name="return")})
ASKING = HistoryRules(
    contact_rules=(
        ContactRule("most", most=2, per_ms=24 * HOUR_MS),
        ContactRule("rest", min_gap_ms=12 * HOUR_MS, channels=frozenset({"EMAIL"})),
    ),
    assume_delivered=True,
)
ONCE = measures(DAILY, replace(DAILY, name="nps.hourly", once_per="hour", completed_only=True))

steps = st.lists(
    st.builds(
        step,
        st.sampled_from(["a", "b", "c", ""]),
        st.integers(0, 12),
        journey=st.sampled_from(["order", "order", "return", "none"]),
        event_id=st.text("xyz", min_size=1, max_size=2),
        on_map=st.sampled_from(["ON", "OFF", "UNKNOWN"]),
    ),
    max_size=12,
    unique_by=lambda event: event.event_id,
)
invitations = st.lists(
    st.builds(
        sent,
        st.sampled_from("abcd"),
        st.integers(0, 6).map(lambda halves: halves / 2),
        status=st.sampled_from(["SENT", "SENT", "OPENED", "COMPLETED", "BOUNCED", "PLANNED"]),
        event_id=st.text("xyz", min_size=1, max_size=2),
        channel=st.sampled_from(["EMAIL", "UNKNOWN"]),
        expires_at=st.sampled_from([None, None, step("a", 24).event_time]),
    ),
    max_size=12,
    unique_by=lambda event: event.event_id,
)
answers = st.lists(
    st.builds(
        answer_given,
        st.sampled_from(["2026-01-31T22:10", "2026-01-31T23:00", "2026-02-01T00:00"]),
        st.sampled_from([None, *range(11)]),
        response_id=st.sampled_from("rst"),
        revision=st.integers(1, 3),
        op=st.sampled_from(["CREATE", "CREATE", "DELETE"]),
        dismissed=st.sampled_from([False, False, True]),
        completed=st.booleans(),
    ),
    min_size=2,
    max_size=9,
    unique_by=lambda event: (event.response_id, event.revision),
)


def arriving(
    events: st.SearchStrategy[list[E]], other: R, rules: R
) -> st.SearchStrategy[list[tuple[E, R]]]:
    """Draw an order of arrival, in which the first few may come with other rules than the last."""

    @st.composite
    def arrivals(draw: st.DrawFn) -> list[tuple[E, R]]:
        order = draw(events.flatmap(st.permutations))
        few = draw(st.integers(0, max(0, len(order) - 1)))
        return [(event, other if n < few else rules) for n, event in enumerate(order)]

    return arrivals()


@lean
@given(arriving(steps, HistoryRules(journeys={"order": OTHER_MAP}), JOURNEYS))
def test_journeys(arrivals: list[tuple[InteractionEvent, HistoryRules]]) -> None:
    history = JourneyHistory()
    facts = standing(history.add, arrivals)
    assert facts == Counter(history.facts())
    assert facts == Counter(slow_journeys([event for event, _ in arrivals]))


@lean
@given(arriving(invitations, HistoryRules(contact_rules=(ContactRule("no", most=0),)), ASKING))
def test_invitations(arrivals: list[tuple[InvitationEvent, HistoryRules]]) -> None:
    history, backwards = InvitationHistory(), InvitationHistory()
    facts = standing(history.add, arrivals)
    assert facts == Counter(history.facts())
    assert facts == standing(backwards.add, [(event, ASKING) for event, _ in arrivals[::-1]])
    contacts = [fact for fact in facts.elements() if fact.name == "contact"]
    assert Counter(
        (dict(fact.dimensions)["contact_rule"], fact.time_ms, fact.value) for fact in contacts
    ) == Counter(slow_contacts([event for event, _ in arrivals]))


@lean
@given(arriving(answers, measures(replace(DAILY, once_per="month")), ONCE))
def test_answers(arrivals: list[tuple[AnswerEvent, Measures]]) -> None:
    history = AnswerHistory()
    facts = standing(history.add, arrivals)
    assert facts == Counter(history.facts())
    assert Counter((fact.name, fact.time_ms, fact.value) for fact in facts.elements()) == Counter(
        slow_answers([event for event, _ in arrivals])
    )


def slow_journeys(events: Sequence[InteractionEvent]) -> Iterator[Fact]:
    """Cut the records of a journey into paths, the paths into visits, and read them off."""
    for journey in JOURNEYS.journeys:
        paths: list[list[InteractionEvent]] = []
        seen = [event for event in events if event.journey == journey and event.journey_stage]
        for event in sorted(seen, key=lambda e: (e.event_time, e.source, e.event_id)):
            if not paths or event.event_time > paths[-1][-1].event_time + 2 * HOUR_MS:
                paths.append([])
            paths[-1].append(event)
        for path in paths:
            visits = [list(run) for _, run in groupby(path, lambda event: event.journey_stage)]
            way = ["", *(visit[0].journey_stage for visit in visits)]
            for n, visit in enumerate(visits):
                stage, entered = visit[0].journey_stage, visit[0].event_time
                dimensions = (("journey", journey), ("journey_stage", stage))
                planned = way[n] + stage in {"a", "ab", "bc", "cb"}
                off = "OFF" in [event.on_map for event in visit]
                yield Fact("journey.on_map", entered, int(planned and not off), dimensions)
                left = [following[0].event_time for following in visits[n + 1 :]]
                if left:
                    yield Fact("journey.stage_time", left[0], left[0] - entered, dimensions)
                if stage != "c":
                    due = entered + (HOUR_MS if stage == "a" else 0)
                    yield Fact(
                        "journey.in_time", due, int(min(left, default=due + 1) <= due), dimensions
                    )


def slow_contacts(events: Sequence[InvitationEvent]) -> Iterator[tuple[str, int, int]]:
    """Compare every contact with every other one."""
    first: dict[str, InvitationEvent] = {}
    for event in sorted(events, key=lambda e: (e.event_time, e.event_id)):
        if event.status == "SENT":
            first.setdefault(event.invitation_id, event)
    order = sorted((e.event_time, e.invitation_id, e.channel) for e in first.values())
    for n, (time, _, channel) in enumerate(order):
        yield "most", time, int(sum(t > time - 24 * HOUR_MS for t, _, _ in order[: n + 1]) > 2)
        if channel == "EMAIL":
            earlier = [t for t, _, c in order[:n] if c == "EMAIL"]
            yield "rest", time, int(any(time - t < 12 * HOUR_MS for t in earlier))


def slow_answers(events: Sequence[AnswerEvent]) -> Iterator[tuple[str, int, int]]:
    """Group by what the time in UTC looks like."""
    newest = {event.response_id: event for event in sorted(events, key=lambda e: e.revision)}
    latest: dict[tuple[str, str], AnswerEvent] = {}
    for event in sorted(newest.values(), key=lambda e: (e.responded_at, e.response_id)):
        if event.op != "DELETE" and not event.dismissed and event.value_number is not None:
            shown = datetime.fromtimestamp(event.responded_at / 1000, UTC).isoformat()
            latest["nps.daily", shown[:10]] = event
            if event.completed:
                latest["nps.hourly", shown[:13]] = event
    for (name, _), event in latest.items():
        yield name, event.responded_at, int(event.value_number or 0)
