"""What a simulation is told: how many customers, how fast, what goes wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import ceil, isfinite

from schemas.errors import ConfigError
from streams.simulation.journeys import TOUCHPOINTS

__all__ = ["EVENTS_PER_VISIT", "Faults", "Incident", "SimulationConfig"]

#: Events of one visit without faults and incident, on average, with those of the contacts it leads
#: to later. Measured, and held by a test.
EVENTS_PER_VISIT = 8.43

#: Answers among them.
ANSWERS_PER_VISIT = 0.807

#: Seconds from one visit of a customer to the next that the number of customers is chosen for.
_USUAL_CYCLE_S = 3600.0

#: Days in the life of a customer from one visit to the next, if they are not further apart.
_CYCLE_DAYS = 14

_DAY_S = 86_400.0

#: Seconds within which nearly everything about a visit has happened, but for surveys that expire.
_VISIT_S = 1800.0

_FEWEST, _MOST = 50, 5_000

#: Largest strength of an incident.
_STRONGEST = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """A time in which one touchpoint is clearly worse.

    `after_s` and `lasts_s` are seconds of stream time, counted from the start. At `strength` 1
    satisfaction falls by 1.5 standard deviations and waits are twice as long.
    """

    touchpoint: str = "delivery"
    after_s: float = 1200.0
    lasts_s: float = 1200.0
    strength: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """How often upstreams err, each a share from 0 to 1.

    Attributes:
        duplicates: Of the events, sent a second time later.
        corrections: Of the answers, changed or deleted later.
        late: Of the events, sent minutes to an hour after they happened.
        out_of_order: Of the events, sent seconds late, so that others overtake them.
        bad: Bad records for every good one.
    """

    duplicates: float = 0.02
    corrections: float = 0.02
    late: float = 0.01
    out_of_order: float = 0.02
    bad: float = 0.002


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulationConfig:
    """Everything a simulation depends on: equal configurations make equal events.

    Attributes:
        start_ms: When stream time begins, in epoch milliseconds.
        seed: Seed of everything that is drawn.
        rate: Events per second of stream time, on average.
        duration_s: Seconds of stream time; None goes on for ever.
        customers: How many customers there are; None chooses a number that fits the rate. Where
            they are too few for the rate, their waits shrink.
        incident: The incident, or None for none.
        faults: What upstreams do wrong.
        daily_rhythm: Whether there is more going on by day (UTC) than by night.

    Raises:
        ConfigError: Something is out of range; the message lists every problem at once.
    """

    start_ms: int
    seed: int = 7
    rate: float = 20.0
    duration_s: float | None = None
    customers: int | None = None
    incident: Incident | None = field(default_factory=Incident)
    faults: Faults = field(default_factory=Faults)
    daily_rhythm: bool = False

    def __post_init__(self) -> None:
        problems = list(_problems(self))
        if problems:
            raise ConfigError(
                "The simulation cannot run: " + "; ".join(problems) + ".",
                cure="docs/simulate.md describes every option.",
            )

    @property
    def end_ms(self) -> int | None:
        """When stream time ends, exclusive; None for never."""
        return None if self.duration_s is None else self.start_ms + int(self.duration_s * 1000)

    @property
    def population(self) -> int:
        """How many customers there are."""
        if self.customers is not None:
            return self.customers
        fitting = ceil(self.rate * _USUAL_CYCLE_S / self.events_per_visit)
        return min(max(fitting, _FEWEST), _MOST)

    @property
    def events_per_visit(self) -> float:
        """Events of one visit on average, faults included and the incident not."""
        faults = self.faults
        good = EVENTS_PER_VISIT + ANSWERS_PER_VISIT * faults.corrections
        return good * (1 + faults.duplicates + faults.bad)

    @property
    def cycle_s(self) -> float:
        """Seconds from one visit of a customer to the next, on average."""
        return self.population * self.events_per_visit / self.rate

    @property
    def haste(self) -> float:
        """By what every wait is divided, so that the customers can reach the rate. At least 1."""
        return max(1.0, _VISIT_S / self.cycle_s)

    @property
    def day_s(self) -> float:
        """Seconds of stream time in a day of a customer's life.

        Where visits are more than a fortnight apart it is a day. Where they are nearer, customers
        live faster: in a simulated hour some of them come back, or reopen a case, days later.
        """
        return min(_DAY_S, self.cycle_s / _CYCLE_DAYS)

    @property
    def unhurried(self) -> int:
        """How many customers the rate needs for no wait to shrink."""
        return ceil(_VISIT_S * self.rate / self.events_per_visit)


def _problems(config: SimulationConfig) -> list[str]:
    found = []
    if config.start_ms < 0:
        found.append("the start is before 1970")
    if not (isfinite(config.rate) and config.rate > 0):
        found.append("the rate must be more than 0 events a second")
    if config.duration_s is not None and not (
        isfinite(config.duration_s) and config.duration_s > 0
    ):
        found.append("the duration must be more than 0 seconds")
    if config.customers is not None and config.customers < 1:
        found.append("at least 1 customer is needed")
    for name in Faults.__slots__:
        if not 0 <= getattr(config.faults, name) <= 1:
            found.append(f"{name} must be a share from 0 to 1")
    incident = config.incident
    if incident is not None:
        if incident.touchpoint not in TOUCHPOINTS:
            found.append(f"the incident's touchpoint must be one of {', '.join(TOUCHPOINTS)}")
        if not (
            incident.after_s >= 0 and incident.lasts_s > 0 and 0 <= incident.strength <= _STRONGEST
        ):
            found.append(
                "the incident must begin at 0 or later, last more than 0 seconds and have a "
                f"strength from 0 to {_STRONGEST}"
            )
    return found
