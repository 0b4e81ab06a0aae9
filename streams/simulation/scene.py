"""One visit in the making: who, where, when, and the drafts written so far."""

from __future__ import annotations

import random
from collections.abc import Iterator
from math import log
from typing import TYPE_CHECKING, NamedTuple

from streams.simulation.chance import Weighted
from streams.simulation.events import Draft, Record
from streams.simulation.journeys import ARRIVALS, Touchpoint

if TYPE_CHECKING:
    from streams.simulation.talk import Issue

__all__ = ["Comeback", "Customer", "Scene"]

_REGIONS = Weighted(("north", 0.35), ("south", 0.3), ("west", 0.2), ("east", 0.15))
_PRODUCTS = Weighted(("basic", 0.6), ("plus", 0.3), ("pro", 0.1))
_TIERS = Weighted(("standard", 0.7), ("silver", 0.2), ("gold", 0.1))

#: Share of the customers known by an anonymous id only.
_ANONYMOUS = 0.04

#: How much customers differ in satisfaction, as a standard deviation.
_LEVEL_SPREAD = 0.45

#: No wait is longer than this many times its median: people give up, systems time out.
_LONGEST = 12.0


class Comeback(NamedTuple):
    """A visit to come, because something was not solved. `at_ms` is in epoch milliseconds."""

    at_ms: int
    issue: Issue


class Customer:
    """A pseudonym, a level of satisfaction of its own, and where it is on the map.

    `attributes` are those of every record of the customer, one list for all of them: never changed.
    """

    __slots__ = (
        "attributes", "id_field", "key", "level", "pending", "product", "region", "tier",
        "touchpoint",
    )  # fmt: skip

    def __init__(self, number: int, rng: random.Random) -> None:
        anonymous = rng.random() < _ANONYMOUS
        self.id_field = "anonymous_id" if anonymous else "customer_id"
        self.key = f"{'v' if anonymous else 'c'}-{number:06}"
        self.level = rng.gauss(0.0, _LEVEL_SPREAD)
        self.region = _REGIONS.draw(rng)
        self.product = _PRODUCTS.draw(rng)
        self.touchpoint = ARRIVALS.draw(rng)
        # nobody knows the tier of a visitor
        self.tier = "" if anonymous else _TIERS.draw(rng)
        self.attributes = [{"name": "tier", "value": self.tier}] if self.tier else []
        self.pending = 0


class Scene:
    """What everything that happens in one visit shares.

    `trouble` is the strength of an incident at this touchpoint, 0 without one. Every wait is
    divided by `haste`, and a day in the customer's life takes `day_s` seconds.
    """

    __slots__ = (
        "_day_s", "_haste", "_ids", "comebacks", "customer", "drafts", "place", "rng", "trouble",
    )  # fmt: skip

    def __init__(
        self,
        *,
        customer: Customer,
        place: Touchpoint,
        rng: random.Random,
        ids: Iterator[str],
        haste: float = 1.0,
        trouble: float = 0.0,
        day_s: float = 86_400.0,
    ) -> None:
        self.customer = customer
        self.place = place
        self.rng = rng
        self.trouble = trouble
        self.drafts: list[Draft] = []
        self.comebacks: list[Comeback] = []
        self._ids = ids
        self._haste = haste
        self._day_s = day_s

    def chance(self, share: float) -> bool:
        """Return True with this probability."""
        return self.rng.random() < share

    def new_id(self, kind: str) -> str:
        """Return an id never used before in this simulation."""
        return f"{kind}-{next(self._ids)}"

    def wait(self, median_s: float, spread: float = 0.8) -> int:
        """Draw a wait in milliseconds: log-normal, as the waits of contact centres are skewed."""
        stretched = median_s * min(self.rng.lognormvariate(0.0, spread), _LONGEST)
        return max(1, int(1000 * stretched / self._haste))

    def fixed(self, seconds: float) -> int:
        """Return a wait that is always the same, in milliseconds."""
        return max(1, int(1000 * seconds / self._haste))

    def days(self, count: float) -> int:
        """Return days in the customer's life, in milliseconds."""
        return int(1000 * count * self._day_s)

    def relative(self, waited_ms: int, expected_s: float) -> float:
        """Return how much longer a wait was than expected, in doublings."""
        return log(waited_ms * self._haste / (1000 * expected_s), 2)

    def write(self, topic: str, record: Record, happened_ms: int) -> None:
        """Plan an event of its own identity, sent a moment after it happened."""
        self.drafts.append(Draft(happened_ms + self._transport_ms(), topic, record, []))

    def _transport_ms(self) -> int:
        return 20 + int(self.rng.expovariate(1 / 80))
