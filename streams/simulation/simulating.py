"""The stream itself: every customer's visits, woven together in the order things are sent."""

from __future__ import annotations

import hashlib
import heapq
import random
from collections.abc import Iterator
from itertools import count
from math import cos, pi, sqrt

from schemas.registry import Registry
from streams.simulation.bad import Spoiler
from streams.simulation.config import SimulationConfig
from streams.simulation.events import Draft, SimulatedEvent
from streams.simulation.faults import on_the_way
from streams.simulation.journeys import TOUCHPOINTS
from streams.simulation.scene import Customer, Scene
from streams.simulation.visits import visit

__all__ = ["MOST_PENDING", "Simulation", "simulate"]

#: A customer with more events still to be sent makes no further visit for now. This bounds memory.
MOST_PENDING = 150

#: Seconds simulated before the start: by then, what a visit sets off has all happened.
_BEFORE_S = 4200.0

#: The shortest and the longest time between two visits, in cycles. Their mean is 1.
_SHORTEST, _LONGEST = 0.5, 1.5

_DAY_MS = 86_400_000
_BUSIEST_HOUR = 14.5

_Entry = tuple[int, int, int, Draft | None]


def simulate(
    config: SimulationConfig, registry: Registry | None = None
) -> Iterator[SimulatedEvent]:
    """Yield the events of a simulation, ordered by the time they are sent.

    Equal configurations yield equal events. Nothing is read but the schemas, no clock is asked, and
    a longer `duration_s` only adds events at the end.

    Args:
        config: What is simulated.
        registry: Gives the schema ids of bad records; the shipped schemas if None.
    """
    return iter(Simulation(config, registry))


class Simulation:
    """A simulation that can be looked at while it runs. Iterate over it once."""

    def __init__(self, config: SimulationConfig, registry: Registry | None = None) -> None:
        self.config = config
        self._spoiler = Spoiler(registry)
        self._rng = random.Random(config.seed)  # noqa: S311 - a simulation, not a secret
        # Two simulations sent to one topic must not take each other's ids, or all the second one
        # sends would be duplicates of the first.
        run = hashlib.sha256(f"{config.seed}:{config.start_ms}".encode()).hexdigest()[:8]
        self._ids = (f"{run}-{number:x}" for number in count(1))
        self._order = count()
        self._customers = [
            Customer(number, self._rng) for number in range(1, config.population + 1)
        ]
        # An entry with a draft is an event to be sent, one without is a visit to be made.
        self._future: list[_Entry] = [
            (self._first_visit_ms(), next(self._order), index, None)
            for index in range(len(self._customers))
        ]
        heapq.heapify(self._future)

    @property
    def in_flight(self) -> int:
        """How many events and visits are held in memory."""
        return len(self._future)

    def __iter__(self) -> Iterator[SimulatedEvent]:
        future, start_ms, end_ms = self._future, self.config.start_ms, self.config.end_ms
        while True:
            at_ms, _, index, draft = future[0]
            if end_ms is not None and at_ms >= end_ms:
                return
            if draft is None:
                self._visit(index, at_ms)
                continue
            heapq.heappop(future)
            customer = self._customers[index]
            customer.pending -= 1
            if at_ms < start_ms:
                continue
            yield SimulatedEvent(
                draft.topic,
                draft.record,
                customer.key,
                at_ms,
                draft.raw,
                draft.intent,
                draft.fate(),
                draft.reason,
            )

    def _visit(self, index: int, at_ms: int) -> None:
        """Replace the visit at the head of the heap by its events and the next visit."""
        config, customer, rng = self.config, self._customers[index], self._rng
        cycle_ms = 1000 * config.cycle_s * rng.uniform(_SHORTEST, _LONGEST)
        if config.daily_rhythm:
            cycle_ms /= _rhythm(at_ms)
        next_visit = (at_ms + max(1, int(cycle_ms)), next(self._order), index, None)
        heapq.heapreplace(self._future, next_visit)
        if customer.pending > MOST_PENDING:
            return
        scene = Scene(
            customer=customer,
            place=TOUCHPOINTS[customer.touchpoint],
            rng=rng,
            ids=self._ids,
            haste=config.haste,
            trouble=self._trouble(customer.touchpoint, at_ms),
        )
        visit(scene, at_ms)
        for draft in on_the_way(scene, config.faults, self._spoiler):
            customer.pending += 1
            heapq.heappush(self._future, (draft.at_ms, next(self._order), index, draft))

    def _first_visit_ms(self) -> int:
        """Draw when a customer is first seen: before the start, at a random point of its cycle.

        Whoever looks in at a random moment finds long cycles more often than short ones, so the
        cycle is drawn in proportion to its length. Otherwise the rate would swing at first.
        """
        rng, config = self._rng, self.config
        cycle_s = config.cycle_s * sqrt(rng.uniform(_SHORTEST**2, _LONGEST**2))
        before_s = _BEFORE_S / config.haste
        return config.start_ms + int(1000 * (rng.random() * cycle_s - before_s))

    def _trouble(self, touchpoint: str, at_ms: int) -> float:
        """Return how strong the incident is at this touchpoint at this moment."""
        incident = self.config.incident
        if incident is None or incident.touchpoint != touchpoint:
            return 0.0
        since_s = (at_ms - self.config.start_ms) / 1000 - incident.after_s
        return incident.strength if 0 <= since_s < incident.lasts_s else 0.0


def _rhythm(at_ms: int) -> float:
    """Return how much is going on at this hour of the day (UTC); 1 is the mean of a day.

    >>> round(_rhythm(int(14.5 * 3_600_000)), 2), round(_rhythm(int(2.5 * 3_600_000)), 2)
    (1.75, 0.25)
    """
    hours = at_ms % _DAY_MS / 3_600_000 - _BUSIEST_HOUR
    return 1 + 0.75 * cos(2 * pi * hours / 24)
