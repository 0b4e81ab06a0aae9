from __future__ import annotations

import pytest

from schemas.errors import ConfigError
from streams.simulation import Faults, Incident, SimulationConfig


def test_every_problem_is_told_at_once() -> None:
    with pytest.raises(ConfigError) as raised:
        SimulationConfig(
            start_ms=-1,
            rate=float("nan"),
            duration_s=0,
            customers=0,
            incident=Incident(touchpoint="nowhere", lasts_s=0),
            faults=Faults(late=1.5),
        )
    said = raised.value.what
    for part in ("1970", "rate", "duration", "customer", "delivery", "last more", "late"):
        assert part in said
    assert "docs/simulate.md" in raised.value.cure


def test_as_many_customers_as_keep_the_rate_without_hurry_are_enough() -> None:
    hurried = SimulationConfig(start_ms=0, rate=100, customers=1000)
    assert hurried.haste > 1
    assert SimulationConfig(start_ms=0, rate=100, customers=hurried.unhurried).haste == 1
    assert SimulationConfig(start_ms=0, rate=100, customers=hurried.unhurried - 10).haste > 1


def test_the_number_of_customers_follows_the_rate_within_bounds() -> None:
    quiet, usual, busy = (
        SimulationConfig(start_ms=0, rate=rate).population for rate in (0.001, 5.0, 1e6)
    )
    assert quiet < usual < busy
    assert busy <= 5_000
