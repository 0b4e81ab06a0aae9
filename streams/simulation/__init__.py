"""A believable stream of customers: seeded, endless, and with its truth counted."""

from streams.simulation.config import Faults, Incident, SimulationConfig
from streams.simulation.events import REASONS, Fate, Intent, SimulatedEvent
from streams.simulation.pacing import play
from streams.simulation.simulating import Simulation, simulate
from streams.simulation.truth import Truth

__all__ = [
    "REASONS",
    "Fate",
    "Faults",
    "Incident",
    "Intent",
    "SimulatedEvent",
    "Simulation",
    "SimulationConfig",
    "Truth",
    "play",
    "simulate",
]
