"""What holds for every simulation, whatever its seed and its faults."""

from __future__ import annotations

import json
from collections import Counter
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.simulation import (
    REASONS,
    Faults,
    Incident,
    SimulatedEvent,
    Simulation,
    SimulationConfig,
    Truth,
    simulate,
)
from streams.simulation.sending import line
from tests.simulation.recount import recount

_START_MS = 1_760_000_000_000
_LAWFUL = settings(max_examples=12, deadline=None)

_shares = st.sampled_from([0.0, 0.05, 0.5, 1.0])

#: From a quiet stream to one whose few customers must hurry.
_configs = st.builds(
    SimulationConfig,
    start_ms=st.just(_START_MS),
    seed=st.integers(0, 2**32),
    rate=st.sampled_from([0.5, 5.0, 300.0]),
    customers=st.sampled_from([1, 20, 150]),
    incident=st.none() | st.builds(Incident, after_s=st.just(0.0), lasts_s=st.just(600.0)),
    faults=st.builds(
        Faults,
        duplicates=_shares,
        corrections=_shares,
        late=_shares,
        out_of_order=_shares,
        bad=_shares,
    ),
    daily_rhythm=st.booleans(),
)


def first(config: SimulationConfig, count: int = 600) -> list[SimulatedEvent]:
    return list(islice(simulate(config), count))


def own_time(event: SimulatedEvent) -> int:
    assert event.record is not None
    record = event.record
    return max(
        record.get(name) or 0
        for name in (
            "event_time", "responded_at", "updated_at", "invited_at", "opened_at", "started_at",
        )
    )  # fmt: skip


@given(_configs)
@_LAWFUL
def test_equal_configurations_give_equal_bytes(config: SimulationConfig) -> None:
    assert [line(event) for event in first(config)] == [line(event) for event in first(config)]


@given(_configs)
@_LAWFUL
def test_the_truth_is_what_decoding_and_judging_the_bytes_finds(config: SimulationConfig) -> None:
    events = first(config)
    truth = Truth()
    for event in events:
        truth.add(event)

    fates, reasons = recount(events)

    assert truth.fates == fates
    assert Counter(event.reason for event in events if event.reason) == reasons
    assert truth.total == truth.fates.total() == len(events)
    assert set(reasons) <= set(REASONS)


@given(_configs)
@_LAWFUL
def test_events_come_in_the_order_of_sending_and_never_before_they_happened(
    config: SimulationConfig,
) -> None:
    events = first(config)
    moments = [event.at_ms for event in events]
    assert moments == sorted(moments)
    assert moments[0] >= config.start_ms
    assert all(own_time(event) <= event.at_ms for event in events if event.record is not None)


@given(_configs)
@_LAWFUL
def test_the_key_is_the_customer_and_nothing_names_a_person(config: SimulationConfig) -> None:
    for event in first(config):
        assert event.key is not None
        assert event.key[:2] in {"c-", "v-"}
        assert event.key[2:].isdigit()
        if event.record is not None:
            field = "customer_id" if event.key.startswith("c-") else "anonymous_id"
            assert event.record[field] == event.key
            assert "@" not in json.dumps(event.record)


@given(_configs)
@_LAWFUL
def test_memory_is_bounded_by_the_customers(config: SimulationConfig) -> None:
    simulation = Simulation(config)
    most = 0
    for _ in islice(simulation, 3000):
        most = max(most, simulation.in_flight)
    # MOST_PENDING events, a whole visit with every fault at its worst, and the next visit
    assert most <= 600 * config.population


def test_a_longer_simulation_only_adds_events() -> None:
    short = SimulationConfig(start_ms=_START_MS, duration_s=20, customers=100)
    longer = SimulationConfig(start_ms=_START_MS, duration_s=60, customers=100)
    events = list(simulate(short))
    assert events == list(islice(simulate(longer), len(events)))
    assert all(event.at_ms < _START_MS + 20_000 for event in events)


def test_two_simulations_share_customers_but_no_ids() -> None:
    at_noon, later = (
        first(SimulationConfig(start_ms=start_ms, customers=50))
        for start_ms in (_START_MS, _START_MS + 1)
    )

    def ids(events: list[SimulatedEvent]) -> set[str]:
        return {event.record["event_id"] for event in events if event.record is not None}

    assert not ids(at_noon) & ids(later)
    assert {event.key for event in at_noon} & {event.key for event in later}


def test_every_way_of_being_bad_occurs() -> None:
    config = SimulationConfig(start_ms=_START_MS, faults=Faults(bad=1.0), customers=100)
    seen = {event.reason for event in first(config, 3000)} - {None}
    assert seen == set(REASONS)


@pytest.mark.parametrize("intent", ["duplicate", "correction", "late", "bad"])
def test_a_share_of_zero_switches_a_fault_off(intent: str) -> None:
    name = {"duplicate": "duplicates", "correction": "corrections"}.get(intent, intent)
    every = dict.fromkeys(Faults.__slots__, 0.3)

    def sent(faults: Faults) -> list[SimulatedEvent]:
        return first(SimulationConfig(start_ms=_START_MS, customers=100, faults=faults), 2000)

    on, off = sent(Faults(**every)), sent(Faults(**{**every, name: 0.0}))
    assert any(event.intent == intent for event in on)
    assert not any(event.intent == intent for event in off)
