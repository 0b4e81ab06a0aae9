"""A quarter in the lives of customers, through the real parts: every number is recounted in the end.

Runs with few customers always, and with ten thousand where `EARSHOT_FULL` is set.
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from schemas.definitions import load_measures
from streams.simulation import Faults, Incident, SimulatedEvent, SimulationConfig, Truth, simulate
from tests.acceptance.running import ROOMY, verified
from tests.worker.harness import Stage
from tests.worker.sending import on_the_wire, sender

pytestmark = [pytest.mark.kafka, pytest.mark.clickhouse]

_DAY_S = 86_400
_QUARTER_S = 90 * _DAY_S
_MOST_LATE_S = 14 * _DAY_S

#: Events of a customer in a quarter.
_EVENTS = 32

_BATCH = 20_000

_INTERACTIONS = "feedback.interactions"

_FULL = pytest.param(
    10_000,
    marks=pytest.mark.skipif(not os.environ.get("EARSHOT_FULL"), reason="EARSHOT_FULL is not set"),
)


def quarter(customers: int) -> SimulationConfig:
    """Return a quarter that ended a fortnight ago, with all that goes wrong in one."""
    return SimulationConfig(
        start_ms=(int(time.time()) - _QUARTER_S - _MOST_LATE_S - _DAY_S) * 1000,
        seed=11,
        customers=customers,
        rate=customers * _EVENTS / _QUARTER_S,
        duration_s=_QUARTER_S,
        incident=Incident(after_s=_QUARTER_S / 3, lasts_s=_QUARTER_S / 10),
        faults=Faults(duplicates=0.03, corrections=0.1, late=0.03, out_of_order=0.05, bad=0.004),
        daily_rhythm=True,
    )


def held_back(events: Iterator[SimulatedEvent]) -> list[SimulatedEvent]:
    """Return the events with some of the conversations' up to a fortnight late.

    What becomes of each record stays the same: the first of an identity to come is the one that counts.
    """
    rng = random.Random(5)
    found = []
    for event in events:
        if event.topic == _INTERACTIONS and event.reason is None and rng.random() < 0.03:
            late_ms = 1000 * rng.randrange(_MOST_LATE_S)
            found.append(event._replace(at_ms=event.at_ms + late_ms))
        else:
            found.append(event)
    return sorted(found, key=lambda event: event.at_ms)


#: Journeys for customers who live at the usual speed.
_UNHURRIED = {'ends_after = "1d"': 'ends_after = "60d"', 'awareness = "2h"': 'awareness = "10d"'}

#: What is decided anew in the middle of the quarter.
_CHANGED = {
    "\nversion = 1\n": "\nversion = 2\n",
    "09:00-17:00": "08:00-18:00",
    "transfer = 15": "transfer = 25",
    'first_reply = "4h"': 'first_reply = "1h"',
    "max = 2": "max = 3",
}


def definitions(file: Path, changes: dict[str, str]) -> Path:
    """Write the shipped definitions with changes."""
    text = load_measures().text
    for shipped, changed in changes.items():
        assert shipped in text
        text = text.replace(shipped, changed)
    file.write_text(text, encoding="utf-8")
    return file


def counted(stage: Stage, events: list[SimulatedEvent], settings: dict[str, Any]) -> None:
    """Send events, and let a worker count them until it has counted all that ever was sent."""
    before = stage.read()
    worker = stage.start(**settings)
    with sender(stage.brokers) as one:
        for since in range(0, len(events), _BATCH):
            # dated now, as in a replay: the broker drops what its retention says is too old
            now_ms = int(time.time() * 1000)
            one.send(
                on_the_wire(event)._replace(timestamp_ms=now_ms)
                for event in events[since : since + _BATCH]
            )
    stage.wait_read(before + len(events), within_s=60 + len(events) / 100)
    assert worker.stop() == 0


@pytest.mark.parametrize("customers", [300, _FULL])
def test_a_quarter_is_counted_right(stage: Stage, customers: int) -> None:
    events = held_back(simulate(quarter(customers)))
    kinds = Counter(event.intent for event in events)
    assert min(kinds[kind] for kind in ("duplicate", "correction", "late", "bad")) > 0
    assert any(event.record is not None and event.record.get("op") == "DELETE" for event in events)
    # definitions take effect at the next chunk, so there must be some
    chunk = 256 if customers < 1000 else 4096
    settings = ROOMY | {"known_customers": max(50, customers // 20), "chunk": chunk}
    began_s = time.monotonic()
    half = len(events) // 2
    for name, changes, part in (
        ("first.toml", _UNHURRIED, events[:half]),
        ("second.toml", _UNHURRIED | _CHANGED, events[half:]),
    ):
        rules = definitions(stage.folder / name, changes)
        stage.variables["EARSHOT_SCORES__MEASURES_FILE"] = str(rules)
        counted(stage, part, settings)
    took_s = time.monotonic() - began_s
    truth = Truth()
    for event in events:
        truth.add(event)
    assert stage.fates() == {fate: n for fate, n in truth.fates.items() if n}

    versions = stage.clickhouse.rows(
        f"SELECT DISTINCT _definitions FROM {stage.name}.interactions ORDER BY 1"
    )
    assert versions == [(1,), (2,)]

    report = verified(stage, within_s=60 + len(events) / 100)
    # A measure that nothing was counted in would differ in nothing.
    facts = {measure.name for measure in load_measures().measures if measure.fact}
    assert (
        sorted(facts - {name for name, one in report["measures"].items() if one["counted"]}) == []
    )
    print(
        f"\n{len(events):,} records of {customers:,} customers, sent and counted in {took_s:.0f} s; "
        f"{report['cells']:,} cells of {len(report['measures'])} measures verified in "
        f"{report['took_s']:.0f} s"
    )
