"""What is sent: mostly answers, in a stream of everything customers do; its truth is known."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from typing import Any

from streams.simulation import Fate, Faults, Intent, SimulatedEvent, Simulation, SimulationConfig
from streams.simulation.chance import Weighted
from tests.worker.sending import REGISTRY, encode

__all__ = ["feed"]

_TOPIC = "feedback.responses"

#: Share of the events that the simulation sends; the others are answers, which are read sooner.
_SIMULATED = 0.25

#: Events a second of stream time: so many fall into one minute that histograms fill.
_RATE = 400.0

#: Customers come and go: after so many events, all are others. A worker that only ever met the same ones
#: would hold more and more of each, and read all of it again after every kill.
_GENERATION = 250_000

#: Simulated events of one customer in all, and answers of one who is not simulated.
_OF_CUSTOMER, _ANSWERS_OF_CUSTOMER = 75, 60

#: Answers that may still be sent again or corrected: this bounds what has to be remembered.
_RECENT = 4_096

_FAULTS = Faults(duplicates=0.05, corrections=0.3, late=0.02, out_of_order=0.05, bad=0.02)
_WAYS = Weighted(("new", 0.85), ("duplicate", 0.06), ("correction", 0.07), ("bad", 0.02))
_LATE, _DELETED = 0.03, 0.15

#: Metric, kind of survey, lowest and highest score.
_ASKED = (
    ("NPS", "RELATIONSHIP", 0, 10),
    ("NPS", "TRANSACTIONAL", 0, 10),
    ("CSAT", "TRANSACTIONAL", 1, 5),
    ("CES", "TRANSACTIONAL", 1, 7),
)
_TOUCHPOINTS = ("checkout", "delivery", "returns", "support")
_CHANNELS = ("EMAIL", "SMS", "WEB", "IN_APP")
_BAD = (("malformed", 0.5), ("bad_magic", 0.25), ("empty", 0.15), ("tombstone", 0.1))


def feed(events: int, seed: int) -> Iterator[SimulatedEvent]:
    """Yield so many events, ending about now. Memory does not grow with their number.

    A fate holds if every event before it, of the same key, was read before it.
    """
    at_ms = int(time.time() * 1000) - int(events / _RATE * 1000) - 60_000
    for number, first in enumerate(range(0, events, _GENERATION)):
        for event in _generation(number, min(_GENERATION, events - first), seed + number, at_ms):
            at_ms = max(at_ms, event.at_ms)
            yield event


def _generation(number: int, events: int, seed: int, start_ms: int) -> Iterator[SimulatedEvent]:
    config = SimulationConfig(
        start_ms=start_ms,
        seed=seed,
        rate=_RATE * _SIMULATED,
        customers=max(60, int(events * _SIMULATED) // _OF_CUSTOMER),
        faults=_FAULTS,
    )
    rng = random.Random(f"{seed} of answers")
    stream = iter(Simulation(config, REGISTRY))
    answers = _Answers(rng, number, max(60, events // _ANSWERS_OF_CUSTOMER))
    at_ms = start_ms
    for _ in range(events):
        if rng.random() < _SIMULATED:
            event = _of(number, next(stream))
            at_ms = event.at_ms
            yield event
        else:
            yield answers.next(at_ms)


def _of(generation: int, event: SimulatedEvent) -> SimulatedEvent:
    """Return an event as one of a customer of this generation: simulations number them all alike."""
    key = event.key and f"{generation}.{event.key}"
    if event.record is None:
        return event._replace(key=key)
    ids = {
        name: f"{generation}.{event.record[name]}"
        for name in ("customer_id", "anonymous_id")
        if event.record.get(name)
    }
    return event._replace(key=key, record=event.record | ids)


class _Answers:
    """Answers of customers who do nothing else, and what upstreams do wrong with them."""

    def __init__(self, rng: random.Random, generation: int, customers: int) -> None:
        self._rng = rng
        self._generation = generation
        self._customers = customers
        self._spoiled = Weighted(*_BAD)
        self._number = 0
        self._run = f"{rng.getrandbits(32):08x}"
        #: The newest record sent of an answer, and all revisions sent of it.
        self._recent: list[tuple[dict[str, Any], set[int]]] = []

    def next(self, at_ms: int) -> SimulatedEvent:
        """Return the next event, sent at a moment of stream time."""
        way = _WAYS.draw(self._rng) if self._recent else "new"
        if way == "bad":
            return self._bad(at_ms)
        if way == "new":
            record = self._new(at_ms)
            self._remember(record)
            return _sent(record, at_ms, "new", "accepted")
        slot = self._rng.randrange(len(self._recent))
        record, revisions = self._recent[slot]
        if way == "duplicate":
            return _sent(record, at_ms, "duplicate", "duplicate")
        # One may be left out, and come when the next one was there already.
        revision = self._rng.choice([n for n in range(1, max(revisions) + 3) if n not in revisions])
        revisions.add(revision)
        record = {
            **record,
            "event_id": self._id(),
            "revision": revision,
            "op": "DELETE" if self._rng.random() < _DELETED else "UPDATE",
            "value_number": self._score(record["scale_min"], record["scale_max"]),
            "updated_at": at_ms,
        }
        self._recent[slot] = record, revisions
        return _sent(record, at_ms, "correction", "corrected")

    def _new(self, at_ms: int) -> dict[str, Any]:
        rng = self._rng
        metric, kind, low, high = rng.choice(_ASKED)
        late_ms = rng.randrange(3_600_000) if rng.random() < _LATE else rng.randrange(2_000)
        return {
            "event_id": self._id(),
            "source": "soak",
            "response_id": f"r-{self._number:x}",
            "question_id": metric.lower(),
            "revision": 1,
            "op": "CREATE",
            "survey_id": f"after-{kind.lower()}",
            "survey_kind": kind,
            "metric": metric,
            "scale_min": low,
            "scale_max": high,
            "value_number": self._score(low, high),
            "customer_id": f"{self._generation}.s-{rng.randrange(self._customers)}",
            "touchpoint": rng.choice(_TOUCHPOINTS),
            "channel": rng.choice(_CHANNELS),
            "region": "north" if rng.random() < 0.5 else "south",
            "responded_at": at_ms - late_ms,
        }

    def _remember(self, record: dict[str, Any]) -> None:
        entry = record, {record["revision"]}
        if len(self._recent) < _RECENT:
            self._recent.append(entry)
        else:
            self._recent[self._rng.randrange(_RECENT)] = entry

    def _bad(self, at_ms: int) -> SimulatedEvent:
        """Return a record that cannot be counted, with nothing that any other is known by."""
        reason = self._spoiled.draw(self._rng)
        record = self._new(at_ms)
        raw: bytes | None = None
        if reason == "malformed":
            raw = encode(_TOPIC, record)[:-3]
        if reason == "bad_magic":
            raw = b'{"score": 9}'
        if reason == "empty":
            raw = b""
        return SimulatedEvent(
            _TOPIC, None, record["customer_id"], at_ms, raw, "bad", "rejected", reason
        )

    def _score(self, low: int, high: int) -> float:
        return float(self._rng.randint(low, high))

    def _id(self) -> str:
        self._number += 1
        return f"{self._run}-{self._number:x}"


def _sent(record: dict[str, Any], at_ms: int, intent: Intent, fate: Fate) -> SimulatedEvent:
    return SimulatedEvent(_TOPIC, record, record["customer_id"], at_ms, None, intent, fate, None)
