"""Journeys, invitations, contact rules and answers once per customer, each by hand."""

from __future__ import annotations

from typing import Any

from schemas.contact_rules import ContactRule
from schemas.journey_maps import JourneyMap
from schemas.measures import HistoryRules, Measure, Measures, OncePer
from streams.verifying.recount import facts_of_history, recount
from tests.builders import NOW_MS, record_for
from tests.verifying.rows import (
    DAY,
    HOUR,
    INTERACTIONS,
    INVITATIONS,
    MINUTE,
    RESPONSES,
    conversation,
    row_of,
)

BUY = JourneyMap(
    "buy",
    ("look", "pay", "get"),
    frozenset({"look"}),
    frozenset({("look", "pay"), ("pay", "get")}),
    10 * DAY,
    {"look": HOUR, "pay": HOUR},
)

Seen = list[tuple[str, int, int]]


def journey(*steps: tuple[Any, ...]) -> dict[str, Seen]:
    """Return stage, ms after the start and value of the facts of events (ms, stage, fields)."""
    rows = conversation(
        *[
            (at, "NOTE", {"journey": "buy", "journey_stage": stage, **(rest[0] if rest else {})})
            for at, stage, *rest in steps
        ]
    )
    measures = Measures(1, [], "", HistoryRules(journeys={"buy": BUY}))
    found: dict[str, Seen] = {}
    for fact in facts_of_history(INTERACTIONS, rows, measures):
        if fact.name.startswith("journey."):
            stage = fact.dimensions["journey_stage"]
            one = (stage, fact.time_ms - NOW_MS, fact.value)
            found.setdefault(fact.name.removeprefix("journey."), []).append(one)
    return found


def test_a_journey_on_the_map() -> None:
    found = journey((0, "look"), (5, "look"), (HOUR, "pay"), (3 * HOUR, "get"))
    assert found["on_map"] == [("look", 0, 1), ("pay", HOUR, 1), ("get", 3 * HOUR, 1)]
    assert found["stage_time"] == [("look", HOUR, HOUR), ("pay", 3 * HOUR, 2 * HOUR)]
    assert found["in_time"] == [("look", HOUR, 1), ("pay", 2 * HOUR, 0)]


def test_a_journey_off_the_map() -> None:
    assert journey((0, "pay"))["on_map"] == [("pay", 0, 0)]
    assert journey((0, "look"), (1, "get"))["on_map"][1] == ("get", 1, 0)
    said = journey((0, "look"), (1, "pay"), (2, "pay", {"on_map": "OFF"}))["on_map"]
    assert said == [("look", 0, 1), ("pay", 1, 0)]


def test_a_silence_ends_a_path() -> None:
    kept = journey((0, "look"), (10 * DAY, "look"), (20 * DAY, "pay"))
    assert kept["stage_time"] == [("look", 20 * DAY, 20 * DAY)]
    ended = journey((0, "look"), (10 * DAY + 1, "look"), (10 * DAY + 2, "pay"))
    assert ended["on_map"] == [("look", 0, 1), ("look", 10 * DAY + 1, 1), ("pay", 10 * DAY + 2, 1)]
    assert ended["stage_time"] == [("look", 10 * DAY + 2, 1)]
    assert ended["in_time"][0] == ("look", HOUR, 0)


def invitations(*events: tuple[Any, ...], **rules: Any) -> list[tuple[str, int, int]]:
    """Return name, ms after the start and value for events (ms, status, fields)."""
    rows = []
    for offset, (at, status, *rest) in enumerate(events):
        fields = rest[0] if rest else {}
        own = {"event_id": f"e{offset}", "status": status, "event_time": NOW_MS + at}
        record = record_for(INVITATIONS, **{"customer_id": "c1", **own, **fields})
        rows.append(row_of(INVITATIONS, record, offset))
    measures = Measures(1, [], "", HistoryRules(**rules))
    return sorted(
        (fact.dimensions.get("contact_rule", fact.name), fact.time_ms - NOW_MS, fact.value)
        for fact in facts_of_history(INVITATIONS, rows, measures)
    )


def test_how_far_an_invitation_came() -> None:
    assert invitations((0, "PLANNED"), (1, "EXPIRED")) == []
    assert invitations((0, "SENT")) == [("participation", 0, 1)]
    assert invitations((0, "SENT"), assume_delivered=True) == [("participation", 0, 2)]
    assert invitations((5, "OPENED"), (9, "COMPLETED")) == [("participation", 5, 6)]
    assert invitations((5, "OPENED"), (9, "SENT"), (7, "DELIVERED")) == [("participation", 9, 3)]
    bounced: list[tuple[Any, ...]] = [(0, "SENT"), (1, "OPENED"), (2, "BOUNCED")]
    assert invitations(*bounced, assume_delivered=True) == [("participation", 0, 1)]


def test_what_comes_after_the_end_counts_for_nothing() -> None:
    ends: Any = {"expires_at": NOW_MS + 10}
    earlier: Any = {"expires_at": NOW_MS + 5}
    in_time = [(0, "SENT", ends), (3, "OPENED", earlier), (10, "STARTED")]
    assert invitations(*in_time, (11, "COMPLETED")) == [("participation", 0, 4)]
    assert invitations((11, "SENT", ends)) == []


def test_contact_rules_at_their_edges() -> None:
    def flags(*moments: int, **rule: Any) -> list[int]:
        events = [(at, "SENT", {"invitation_id": f"i{n}"}) for n, at in enumerate(moments)]
        rules = (ContactRule("rule", **rule),)
        found = invitations(*events, contact_rules=rules)
        return [value for name, _, value in found if name == "rule"]

    assert flags(0, DAY - 1, most=1, per_ms=DAY) == [0, 1]
    assert flags(0, DAY, most=1, per_ms=DAY) == [0, 0]
    assert flags(0, 1, 2, most=2) == [0, 0, 1]
    assert flags(0, HOUR, 2 * HOUR - 1, min_gap_ms=HOUR) == [0, 0, 1]
    assert flags(0, 0, min_gap_ms=1) == [0, 1]
    assert flags(0, 1, most=0, survey_kinds=frozenset({"PRODUCT"})) == []


def answers(*revisions: dict[str, Any], once_per: OncePer = "day") -> dict[int, int]:
    """Return how often each score is counted; the offset is the place in the arguments."""
    measure = Measure(
        "once", RESPONSES, "", "", (), (), metric="NPS", scale=(0, 10), once_per=once_per
    )
    rows = []
    for offset, fields in enumerate(revisions):
        own = {"response_id": f"r{offset}", "value_number": float(offset)}
        rows.append(row_of(RESPONSES, record_for(RESPONSES, **{**own, **fields}), offset))
    cells = recount(RESPONSES, rows, {1: Measures(1, [measure], "")})
    return {cell.bucket: n for cell, n in cells.items()}


def test_only_the_latest_answer_of_a_period_counts() -> None:
    day = NOW_MS - NOW_MS % DAY
    two = [{"responded_at": day}, {"responded_at": day + DAY - 1}]
    assert answers(*two) == {1: 1}
    assert answers(*two, once_per="hour") == {0: 1, 1: 1}
    assert answers(two[0], {"responded_at": day + DAY}) == {0: 1, 1: 1}
    assert answers(two[0], {"responded_at": day + DAY}, once_per="month") == {1: 1}
    assert answers(two[0], {**two[1], "customer_id": "c2"}) == {0: 1, 1: 1}


def test_a_dismissed_deleted_or_test_revision_gives_way_to_the_answer_before() -> None:
    first = {"responded_at": NOW_MS}
    later = {"responded_at": NOW_MS + MINUTE}
    assert answers(first, {**later, "dismissed": True}) == {0: 1}
    revised = {**later, "response_id": "r1", "revision": 2}
    for change in ({"op": "DELETE"}, {"is_test": True}, {"value_number": None}):
        assert answers(first, later, {**revised, **change}) == {0: 1}
    assert answers(first, later, revised) == {2: 1}
