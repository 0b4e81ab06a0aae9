"""The simulated customers behave like customers: in rates, in waits, and in an incident."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import count
from statistics import mean, median

import pytest

from streams.simulation import Faults, Incident, SimulatedEvent, SimulationConfig, simulate
from streams.simulation.config import ANSWERS_PER_VISIT, EVENTS_PER_VISIT
from streams.simulation.journeys import TOUCHPOINTS
from streams.simulation.scene import Customer, Scene
from streams.simulation.visits import come_back, visit

_START_MS = 1_760_000_000_000
_HOUR_S = 3600.0
_FAULTS = Faults(duplicates=0.05, corrections=0.1, late=0.04, out_of_order=0.0, bad=0.02)


@pytest.fixture(scope="module")
def hour() -> list[SimulatedEvent]:
    """One hour at 20 events a second, delivery troubled from minute 20 to minute 40."""
    config = SimulationConfig(
        start_ms=_START_MS, duration_s=_HOUR_S, rate=20, faults=_FAULTS, incident=Incident()
    )
    return list(simulate(config))


def answers(
    events: Iterable[SimulatedEvent], metric: str, between_s: tuple[float, float] = (0.0, _HOUR_S)
) -> list[tuple[str, float]]:
    """Return (touchpoint, score) of first revisions answered in a time."""
    low_ms, high_ms = (_START_MS + int(edge * 1000) for edge in between_s)
    return [
        (event.record.get("touchpoint", ""), event.record["value_number"])
        for event in events
        if event.record is not None
        and event.intent in ("new", "late")
        and event.record.get("metric") == metric
        and low_ms <= event.record["responded_at"] < high_ms
    ]


def share(scores: list[float], good: Callable[[float], bool]) -> float:
    assert len(scores) >= 40, "too few answers to say anything"
    return sum(map(good, scores)) / len(scores)


def top_box(events: list[SimulatedEvent], place: str, between_s: tuple[float, float]) -> float:
    found = answers(events, "CSAT", between_s)
    scores = [score for name, score in found if (name == "delivery") == (place == "delivery")]
    return share(scores, lambda score: score >= 4)


def test_the_incident_shows_in_its_touchpoint_only_and_recovers(hour: list[SimulatedEvent]) -> None:
    # answers follow the visit by minutes, so the troubled time shows a little later
    before, during, after = (0.0, 1200.0), (1400.0, 2500.0), (2900.0, 3600.0)
    assert top_box(hour, "delivery", during) < top_box(hour, "delivery", before) - 0.3
    assert top_box(hour, "delivery", after) > top_box(hour, "delivery", during) + 0.25
    assert abs(top_box(hour, "others", during) - top_box(hour, "others", before)) < 0.08


def test_without_strength_there_is_no_incident() -> None:
    def events(incident: Incident | None) -> list[SimulatedEvent]:
        config = SimulationConfig(
            start_ms=_START_MS, duration_s=60, customers=100, incident=incident
        )
        return list(simulate(config))

    always = Incident(after_s=0, lasts_s=60, strength=0)
    assert events(always) == events(None)
    assert events(replace(always, strength=2)) != events(None)


def test_the_rate_is_the_one_asked_for_from_the_first_minutes(hour: list[SimulatedEvent]) -> None:
    assert len(hour) == pytest.approx(20 * _HOUR_S, rel=0.06)
    first_ten = sum(event.at_ms < _START_MS + 600_000 for event in hour)
    assert first_ten == pytest.approx(20 * 600, rel=0.08)


@pytest.mark.parametrize("rate", [200.0, 5000.0])
def test_few_customers_hurry_to_reach_a_high_rate(rate: float) -> None:
    config = SimulationConfig(
        start_ms=_START_MS, duration_s=10_000 / rate, rate=rate, customers=500, incident=None
    )
    assert config.haste > 1
    assert sum(1 for _ in simulate(config)) == pytest.approx(10_000, rel=0.1)


def test_a_visit_has_as_many_events_as_the_pace_is_reckoned_with() -> None:
    rng, ids = random.Random(3), (str(number) for number in count())
    customers = [Customer(number, rng) for number in range(500)]
    topics: Counter[str] = Counter()
    for number in range(15_000):
        customer = customers[number % len(customers)]
        scene = Scene(customer=customer, place=TOUCHPOINTS[customer.touchpoint], rng=rng, ids=ids)
        visit(scene, _START_MS)
        topics.update(draft.topic for draft in scene.drafts)
        again = scene.comebacks
        while again:
            why = again.pop()
            scene = Scene(customer=customer, place=why.issue.place, rng=rng, ids=ids)
            come_back(scene, why.at_ms, why.issue)
            topics.update(draft.topic for draft in scene.drafts)
            again += scene.comebacks
    assert topics.total() / 15_000 == pytest.approx(EVENTS_PER_VISIT, rel=0.02)
    assert topics["feedback.responses"] / 15_000 == pytest.approx(ANSWERS_PER_VISIT, rel=0.05)


def test_faults_are_about_as_frequent_as_the_configuration_says(hour: list[SimulatedEvent]) -> None:
    intents = Counter(event.intent for event in hour)
    good = intents["new"] + intents["late"] + intents["correction"]
    first_answers = sum(
        event.topic == "feedback.responses" and event.intent in ("new", "late") for event in hour
    )
    assert intents["duplicate"] / good == pytest.approx(_FAULTS.duplicates, rel=0.15)
    assert intents["late"] / (good - intents["correction"]) == pytest.approx(_FAULTS.late, rel=0.15)
    assert intents["bad"] / good == pytest.approx(_FAULTS.bad, rel=0.2)
    # a correction may be corrected again
    assert _FAULTS.corrections < intents["correction"] / first_answers < 1.4 * _FAULTS.corrections


def test_late_events_are_minutes_to_an_hour_late(hour: list[SimulatedEvent]) -> None:
    delays_s = [
        (event.at_ms - (event.record.get("event_time") or event.record["responded_at"])) / 1000
        for event in hour
        if event.intent == "late" and event.record is not None
    ]
    assert min(delays_s) >= 115
    assert max(delays_s) <= 3700
    assert median(delays_s) < mean(delays_s)


def test_corrections_change_or_delete_the_answer(hour: list[SimulatedEvent]) -> None:
    ops = Counter(e.record["op"] for e in hour if e.intent == "correction" and e.record)
    assert ops["UPDATE"] > ops["DELETE"] > 0
    first_score = {
        (e.record["response_id"], e.record["question_id"]): e.record.get("value_number")
        for e in hour
        if e.topic == "feedback.responses" and e.record and e.record["revision"] == 1
    }
    second = [
        (e.record["value_number"], first_score[identity])
        for e in hour
        if e.intent == "correction"
        and e.record
        and e.record["op"] == "UPDATE"
        and e.record["revision"] == 2
        and "value_number" in e.record
        and (identity := (e.record["response_id"], e.record["question_id"])) in first_score
    ]
    assert second
    assert all(new != old for new, old in second)


def test_scores_use_their_whole_scale_and_most_people_are_content(
    hour: list[SimulatedEvent],
) -> None:
    for metric, low, high in (("NPS", 0, 10), ("CSAT", 1, 5), ("CES", 1, 7)):
        scores = [score for _, score in answers(hour, metric)]
        assert {*scores} == {float(score) for score in range(low, high + 1)}
    calm = [score for place, score in answers(hour, "CSAT") if place != "delivery"]
    assert 0.7 < share(calm, lambda score: score >= 4) < 0.9


def test_about_two_fifths_of_the_invitations_are_answered(hour: list[SimulatedEvent]) -> None:
    steps = Counter(
        event.record["status"]
        for event in hour
        if event.topic == "feedback.invitations" and event.record and event.fate == "accepted"
    )
    assert steps["SENT"] > steps["DELIVERED"] > steps["OPENED"] > steps["STARTED"]
    assert 0.3 < steps["ANSWERED"] / steps["DELIVERED"] < 0.5
    assert steps["EXPIRED"] > steps["BOUNCED"] > 0


def test_waits_are_skewed_and_long_ones_hurt(hour: list[SimulatedEvent]) -> None:
    waits: dict[str, int] = {}
    for event in hour:
        if event.record is not None and "queue_ms" in event.record:
            conversation = event.record["conversation_id"]
            waits[conversation] = max(event.record["queue_ms"], waits.get(conversation, 0))
    assert mean(waits.values()) > 1.3 * median(waits.values())
    felt = [
        (waits[event.record["conversation_id"]], event.record["value_number"])
        for event in hour
        if event.record is not None
        and event.record.get("metric") == "CSAT"
        and event.record.get("channel") == "CHAT"
        and event.record.get("conversation_id") in waits
    ]
    usual = median(waited for waited, _ in felt)
    short = [score for waited, score in felt if waited <= usual]
    long = [score for waited, score in felt if waited > usual]
    assert mean(short) > mean(long) + 0.2


def test_customers_move_on_along_the_map(hour: list[SimulatedEvent]) -> None:
    places: dict[str, set[str]] = {}
    for event in hour:
        if event.record is not None and event.record.get("touchpoint"):
            places.setdefault(str(event.key), set()).add(event.record["touchpoint"])
    assert mean(map(len, places.values())) > 1.5
    assert set().union(*places.values()) == set(TOUCHPOINTS)


def test_the_day_has_a_rhythm_if_asked() -> None:
    def between(hour: int) -> int:
        midnight_ms = 1_760_054_400_000  # 2025-10-10T00:00:00Z
        config = SimulationConfig(
            start_ms=midnight_ms + hour * 3_600_000,
            duration_s=1800,
            rate=2,
            daily_rhythm=True,
            incident=None,
            customers=400,
        )
        return sum(1 for _ in simulate(config))

    assert between(14) > 2 * between(2)


def test_the_rhythm_is_that_of_the_day_also_where_visits_are_weeks_apart() -> None:
    config = SimulationConfig(
        start_ms=_START_MS,
        duration_s=30 * 86_400,
        rate=6000 / (30 * 86_400),
        daily_rhythm=True,
        incident=None,
        customers=300,
    )
    hours = Counter(event.at_ms // 3_600_000 % 24 for event in simulate(config))
    assert hours.total() == pytest.approx(6000, rel=0.12)
    day, night = (
        sum(hours[hour] for hour in range(13, 17)),
        sum(hours[hour] for hour in range(1, 5)),
    )
    assert day > 3 * night
