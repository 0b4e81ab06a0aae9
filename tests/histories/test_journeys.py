"""Journeys, checked by hand: an order is placed, paid and delivered; help is off the planned way."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from schemas.journey_maps import JourneyMap
from schemas.measures import HistoryRules
from streams.histories.events import InteractionEvent, interaction_event
from streams.histories.fact import Change, Fact
from streams.histories.journeys import JourneyHistory
from tests.builders import interaction
from tests.histories.clocks import DAY_MS, HOUR_MS

ORDER = JourneyMap(
    name="order",
    stages=("place", "pay", "deliver"),
    starts=frozenset({"place"}),
    transitions=frozenset({("place", "pay"), ("pay", "deliver")}),
    ends_after_ms=10 * DAY_MS,
    expected_ms={"pay": 2 * HOUR_MS},
)
RULES = HistoryRules(journeys={"order": ORDER})
START = 1_760_000_000_000


def step(stage: str, hours: float, **fields: Any) -> InteractionEvent:
    fields = {"journey": "order", "event_id": f"{stage}@{hours:g}"} | fields
    moment = START + int(hours * HOUR_MS)
    return interaction_event(interaction(journey_stage=stage, event_time=moment, **fields))


def told(facts: Iterable[Fact]) -> list[tuple[str, str, float, float]]:
    """Name, stage, hours after the start and value (hours for a duration), in order of time."""
    rows = []
    for name, time_ms, value, dimensions in facts:
        shown = value / HOUR_MS if name == "journey.stage_time" else value
        rows.append(
            (
                name.removeprefix("journey."),
                dict(dimensions)["journey_stage"],
                (time_ms - START) / HOUR_MS,
                shown,
            )
        )
    return sorted(rows, key=lambda row: (row[2], row[0], row[1]))


def journey_facts(events: Iterable[InteractionEvent], journey_map: JourneyMap) -> list[Fact]:
    """Return the facts of one customer's records on one journey."""
    history = JourneyHistory()
    for event in events:
        history.add(event, HistoryRules(journeys={journey_map.name: journey_map}))
    return history.facts()


def test_the_planned_way() -> None:
    events = [step("place", 0), step("pay", 1), step("pay", 2), step("deliver", 2.5)]
    assert told(journey_facts(events, ORDER)) == [
        ("on_map", "place", 0, 1),
        ("on_map", "pay", 1, 1),
        ("stage_time", "place", 1, 1),
        ("on_map", "deliver", 2.5, 1),
        ("stage_time", "pay", 2.5, 1.5),
        ("in_time", "pay", 3, 1),
    ]


def test_another_start_and_another_way_are_off_the_map() -> None:
    events = [step("pay", 0), step("place", 1), step("deliver", 2), step("help", 3)]
    on_map = {row[1]: row[3] for row in told(journey_facts(events, ORDER)) if row[0] == "on_map"}
    assert on_map == {"pay": 0, "place": 0, "deliver": 0, "help": 0}


def test_a_record_that_says_it_is_off_the_map_speaks_for_its_visit() -> None:
    events = [step("place", 0), step("place", 1, on_map="OFF"), step("pay", 2, on_map="ON")]
    on_map = {row[1]: row[3] for row in told(journey_facts(events, ORDER)) if row[0] == "on_map"}
    assert on_map == {"place": 0, "pay": 1}


def test_a_record_that_says_it_is_on_the_map_does_not_make_it_so() -> None:
    assert told(journey_facts([step("help", 0, on_map="ON")], ORDER)) == [("on_map", "help", 0, 0)]


def test_in_time_is_up_to_the_very_moment() -> None:
    just = journey_facts([step("pay", 0), step("deliver", 2)], ORDER)
    late = journey_facts([step("pay", 0), step("deliver", 2.001)], ORDER)
    never = journey_facts([step("pay", 0)], ORDER)
    for facts, value in ((just, 1), (late, 0), (never, 0)):
        assert ("in_time", "pay", 2, value) in told(facts)


def test_a_long_silence_ends_the_path() -> None:
    gap = 10 * 24
    together = journey_facts([step("place", 0), step("place", gap), step("pay", gap + 1)], ORDER)
    assert [row for row in told(together) if row[0] != "in_time"] == [
        ("on_map", "place", 0, 1),
        ("on_map", "pay", gap + 1, 1),
        ("stage_time", "place", gap + 1, gap + 1),
    ]
    apart = journey_facts([step("place", 0), step("place", gap + 0.001)], ORDER)
    assert told(apart) == [("on_map", "place", 0, 1), ("on_map", "place", gap + 0.001, 1)]


def test_a_stage_left_by_silence_has_no_time_and_was_not_left_in_time() -> None:
    facts = told(journey_facts([step("pay", 0), step("deliver", 10 * 24 + 1)], ORDER))
    assert facts == [
        ("on_map", "pay", 0, 0),
        ("in_time", "pay", 2, 0),
        ("on_map", "deliver", 10 * 24 + 1, 0),  # a path of its own, and none begins there
    ]


def test_at_the_same_time_source_and_id_decide() -> None:
    events = [
        step("pay", 0, source="desk", event_id="2"),
        step("place", 0, source="desk", event_id="1"),
        step("deliver", 0, source="shop", event_id="0"),
    ]
    stages = [dict(f.dimensions)["journey_stage"] for f in journey_facts(events, ORDER)]
    assert list(dict.fromkeys(stages)) == ["place", "pay", "deliver"]
    assert all(f.value for f in journey_facts(events, ORDER) if f.name == "journey.on_map")


def test_the_dimensions_are_those_of_the_first_record_of_the_visit() -> None:
    first = step(
        "place",
        0,
        touchpoint="web shop",
        channel="UNKNOWN",
        product="shoes",
        region="",
        actor="CUSTOMER",
        agent_id="a1",
        team_id="t1",
        attributes=[{"name": "tier", "value": "gold"}, {"name": "plan", "value": ""}],
    )
    later = step("place", 1, touchpoint="phone", channel="PHONE")
    (fact,) = journey_facts([later, first], ORDER)
    assert fact.dimensions == (
        ("attributes.tier", "gold"),
        ("journey", "order"),
        ("journey_stage", "place"),
        ("product", "shoes"),
        ("touchpoint", "web shop"),
    )


def test_an_agent_at_work_and_an_assigned_one_are_dimensions() -> None:
    by_agent = step("place", 0, actor="AGENT", agent_id="a1", team_id="t1", channel="PHONE")
    assigned = step("place", 0, actor="SYSTEM", type="ASSIGNED", agent_id="a1", team_id="t1")
    for event in (by_agent, assigned):
        (fact,) = journey_facts([event], ORDER)
        assert {("agent_id", "a1"), ("team_id", "t1")} <= set(fact.dimensions)


def test_only_the_facts_around_a_late_record_change() -> None:
    history = JourneyHistory()
    for event in (step("place", 0), step("pay", 4), step("deliver", 5)):
        history.add(event, RULES)
    removed, added = history.add(step("pay", 1), RULES)
    assert told(removed) == [
        ("on_map", "pay", 4, 1),
        ("stage_time", "place", 4, 4),
        ("stage_time", "pay", 5, 1),
        ("in_time", "pay", 6, 1),
    ]
    assert told(added) == [
        ("on_map", "pay", 1, 1),
        ("stage_time", "place", 1, 1),
        ("in_time", "pay", 3, 0),
        ("stage_time", "pay", 5, 4),
    ]


def test_a_record_without_stage_or_of_no_declared_journey_changes_nothing() -> None:
    history = JourneyHistory()
    history.add(step("place", 0), RULES)
    assert history.add(step("", 1), RULES) == Change([], [])
    assert history.add(step("pay", 1, journey=""), RULES) == Change([], [])
    assert history.add(step("pay", 1, journey="other"), RULES) == Change([], [])


def test_new_rules_take_back_what_the_old_ones_said() -> None:
    history = JourneyHistory()
    unplanned = HistoryRules(
        journeys={"order": JourneyMap("order", ("place",), frozenset(), frozenset(), DAY_MS)}
    )
    history.add(step("place", 0), unplanned)
    removed, added = history.add(step("", 9), RULES)  # even by a record that says nothing
    assert told(removed) == [("on_map", "place", 0, 0)]
    assert told(added) == [("on_map", "place", 0, 1)]
    assert told(history.add(step("pay", 1), HistoryRules()).removed) == [("on_map", "place", 0, 1)]
    assert history.facts() == []
    history.add(step("deliver", 2), RULES)
    assert [row[1] for row in told(history.facts()) if row[0] == "on_map"] == [
        "place",
        "pay",
        "deliver",
    ]
