"""What strikes, when and for how long: drawn from a seed before anything starts."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import repeat
from math import ceil
from typing import Literal, get_args

__all__ = ["KILLS", "Kind", "Strike", "plan"]

#: `worker`, `clickhouse` and `kafka` are killed as `kill -9` does, and started again. A worker sleeps
#: (SIGSTOP, SIGCONT). One joins, or leaves if there are as many as there may be. All connections to
#: ClickHouse are cut.
Kind = Literal["worker", "clickhouse", "kafka", "sleep", "come_or_go", "cut"]

KILLS: tuple[Kind, ...] = get_args(Kind)[:3]

#: Of the kills, how many are of each; a broker takes longest to come back.
_SHARES: dict[Kind, float] = {"worker": 0.5, "clickhouse": 0.35, "kafka": 0.15}
_OTHERS: tuple[Kind, ...] = ("sleep", "come_or_go", "cut")

#: Other strikes for each kill.
_OTHERS_PER_KILL = 0.5

#: Seconds a part stays down, or a worker asleep: with a session of 8 s, both sides of it.
_HOLDS_S: dict[Kind, tuple[float, float]] = {
    "worker": (0.0, 2.0), "clickhouse": (0.0, 3.0), "kafka": (0.0, 3.0), "sleep": (1.0, 14.0),
    "come_or_go": (0.0, 0.0), "cut": (0.0, 0.0),
}  # fmt: skip

#: Share of the strikes after which nobody waits: the next one may hit what is just coming back.
_HASTY = 0.3

#: The first and the last strike, as shares of the events.
_FIRST, _LAST = 0.03, 0.95


@dataclass(frozen=True, slots=True)
class Strike:
    """One strike, as soon as `at` events have been read. `pick` chooses a worker, from 0 to 1."""

    number: int
    kind: Kind
    at: int
    hold_s: float
    pick: float
    hasty: bool


def plan(seed: int, *, events: int, kills: int) -> list[Strike]:
    """Return the strikes of a soak, in order. Equal arguments make equal strikes.

    Of three kills or more, one at least is of each part.
    """
    rng = random.Random(seed)
    deck = [*_kills(kills), *_others(ceil(kills * _OTHERS_PER_KILL))]
    rng.shuffle(deck)
    places = sorted(int(events * rng.uniform(_FIRST, _LAST)) for _ in deck)
    return [
        Strike(
            number, kind, at, round(rng.uniform(*_HOLDS_S[kind]), 2), rng.random(),
            rng.random() < _HASTY,
        )
        for number, (kind, at) in enumerate(zip(deck, places, strict=True), 1)
    ]  # fmt: skip


def _kills(count: int) -> Iterator[Kind]:
    left = count
    servers: tuple[Kind, ...] = ("kafka", "clickhouse")
    for kind in servers:
        one = min(left, max(1, round(count * _SHARES[kind])))
        left -= one
        yield from repeat(kind, one)
    yield from repeat("worker", left)


def _others(count: int) -> Iterator[Kind]:
    for number in range(count):
        yield _OTHERS[number % len(_OTHERS)]
