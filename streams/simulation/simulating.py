"""The stream itself: every customer's visits, woven together in the order things are sent."""

from __future__ import annotations

import hashlib
import heapq
import random
from collections.abc import Iterator
from itertools import count
from math import pi, sin, sqrt

from schemas.registry import Registry
from streams.simulation.bad import Spoiler
from streams.simulation.config import SimulationConfig
from streams.simulation.events import Draft, SimulatedEvent
from streams.simulation.faults import on_the_way
from streams.simulation.journeys import TOUCHPOINTS, Touchpoint
from streams.simulation.scene import Comeback, Customer, Scene
from streams.simulation.visits import come_back, visit

__all__ = ["MOST_PENDING", "Simulation", "simulate"]

#: A customer with more events still to be sent makes no further visit for now. This bounds memory.
MOST_PENDING = 150

#: Seconds simulated before the start: by then, what a visit sets off has all happened.
_BEFORE_S = 4200.0

#: The shortest and the longest time between two visits, in cycles. Their mean is 1.
_SHORTEST, _LONGEST = 0.5, 1.5

_DAY_MS = 86_400_000
_BUSIEST_HOUR = 14.5
_SWING_MS = 0.75 * _DAY_MS / (2 * pi)

_Entry = tuple[int, int, int, Draft | Comeback | None]


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
        # An entry with a draft is an event to be sent, one without is a visit to be made, and a
        # comeback is a visit for a reason.
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
            if isinstance(draft, Comeback):
                self._come_back(index, draft)
                continue
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
        again_ms = max(at_ms + 1, self._after(at_ms, cycle_ms))
        next_visit = (again_ms, next(self._order), index, None)
        heapq.heapreplace(self._future, next_visit)
        if customer.pending <= MOST_PENDING:
            scene = self._scene(index, TOUCHPOINTS[customer.touchpoint], at_ms)
            visit(scene, at_ms)
            self._plan(index, scene)

    def _come_back(self, index: int, why: Comeback) -> None:
        if self._customers[index].pending <= MOST_PENDING:
            scene = self._scene(index, why.issue.place, why.at_ms)
            come_back(scene, why.at_ms, why.issue)
            self._plan(index, scene)

    def _scene(self, index: int, place: Touchpoint, at_ms: int) -> Scene:
        return Scene(
            customer=self._customers[index],
            place=place,
            rng=self._rng,
            ids=self._ids,
            haste=self.config.haste,
            trouble=self._trouble(place.name, at_ms),
            day_s=self.config.day_s,
        )

    def _plan(self, index: int, scene: Scene) -> None:
        """Enter everything of a scene that is still to come."""
        future, order = self._future, self._order
        for draft in on_the_way(scene, self.config.faults, self._spoiler):
            scene.customer.pending += 1
            heapq.heappush(future, (draft.at_ms, next(order), index, draft))
        for comeback in scene.comebacks:
            heapq.heappush(future, (comeback.at_ms, next(order), index, comeback))

    def _first_visit_ms(self) -> int:
        """Draw when a customer is first seen: before the start, at a random point of its cycle.

        Whoever looks in at a random moment finds long cycles more often than short ones, so the
        cycle is drawn in proportion to its length. Otherwise the rate would swing at first.
        """
        rng, config = self._rng, self.config
        cycle_s = config.cycle_s * sqrt(rng.uniform(_SHORTEST**2, _LONGEST**2))
        begins_ms = config.start_ms - int(1000 * _BEFORE_S / config.haste)
        return self._after(begins_ms, 1000 * rng.random() * cycle_s)

    def _after(self, at_ms: int, wait_ms: float) -> int:
        """Return when a customer who waits so long, on average, comes; sooner by day if asked."""
        later = _in_the_rhythm_of_days if self.config.daily_rhythm else int.__add__
        return later(at_ms, int(wait_ms))

    def _trouble(self, touchpoint: str, at_ms: int) -> float:
        """Return how strong the incident is at this touchpoint at this moment."""
        incident = self.config.incident
        if incident is None or incident.touchpoint != touchpoint:
            return 0.0
        since_s = (at_ms - self.config.start_ms) / 1000 - incident.after_s
        return incident.strength if 0 <= since_s < incident.lasts_s else 0.0


def _in_the_rhythm_of_days(at_ms: int, wait_ms: int) -> int:
    """Return the moment until which as much goes on as in a wait on an average day.

    What goes on at an hour of the day (UTC) is 1 + 0.75 * cos of the hours since the busiest one, as
    an angle; a whole day is an average day. The sum of it only grows, so halving finds the moment.

    >>> hour = 3_600_000
    >>> _in_the_rhythm_of_days(0, 48 * hour) / hour
    48.0
    >>> [round((_in_the_rhythm_of_days(h * hour, hour) - h * hour) / hour, 2) for h in (2, 14)]
    [3.28, 0.57]
    """
    goal_ms = _gone_on_ms(at_ms) + wait_ms
    # the sum is never further than this from the moment itself
    low, high = int(goal_ms - _SWING_MS) - 1, int(goal_ms + _SWING_MS) + 2
    while high - low > 1:
        middle = (low + high) // 2
        if _gone_on_ms(middle) < goal_ms:
            low = middle
        else:
            high = middle
    return high


def _gone_on_ms(at_ms: float) -> float:
    """Return how much has gone on until a moment, in milliseconds of an average day."""
    return at_ms + _SWING_MS * sin(2 * pi * (at_ms / _DAY_MS - _BUSIEST_HOUR / 24))
