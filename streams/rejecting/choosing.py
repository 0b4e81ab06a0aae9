"""Choose rejected records to do something with: by a filter, or by their coordinates. Blocking."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, TypeVar

from sinks.clickhouse import ClickHouse
from streams.rejecting.coordinates import Coordinates
from streams.rejecting.filtering import RejectFilter
from streams.rejecting.record import Place, outcome_of, place_of

__all__ = ["Choice", "LeftOut", "chosen", "chosen_at", "lots_of"]

T = TypeVar("T")

#: Records one query names: its text must stay well below ClickHouse's 256 KiB.
_MOST = 1_000

#: Bytes of values that are in memory at once, and the most records.
_LOT_BYTES, _LOT = 16 * 1024 * 1024, 500


class Choice(NamedTuple):
    """One record of the list.

    Attributes:
        place: Its newest attempt.
        first: Where it was rejected first.
        reason: Why it was rejected last.
        bytes: Size of its value, 0 for a tombstone.
        replays: How often it was replayed.
    """

    place: Place
    first: Place
    reason: str
    bytes: int
    replays: int


class LeftOut(NamedTuple):
    """A record that nothing is done with, and why not, as a sentence."""

    where: Coordinates
    why: str


def chosen(clickhouse: ClickHouse, wanted: RejectFilter, limit: int) -> list[Choice]:
    """Return records of the list, in the order they came first, at most `limit`.

    Raises:
        SinkError: ClickHouse does not answer or refuses.
    """
    where, params = wanted.where()
    return _choices(clickhouse, where, {**params, "limit": limit})


def chosen_at(
    clickhouse: ClickHouse, wanted: Sequence[Coordinates]
) -> tuple[list[Choice], list[LeftOut]]:
    """Return the records that stand there, and those that are not on the list, with the reason.

    Any attempt of a record stands for the record, and each record is returned once.

    Raises:
        SinkError: ClickHouse does not answer or refuses.
    """
    choices: list[Choice] = []
    left_out: list[LeftOut] = []
    firsts: dict[Coordinates, str] = {}
    for some in _portions(list(dict.fromkeys(wanted))):
        firsts |= _firsts(clickhouse, some)
    left_out += [
        LeftOut(where, "no rejected record stands there")
        for where in dict.fromkeys(wanted)
        if where not in firsts
    ]
    for names in _portions(list(dict.fromkeys(firsts.values()))):
        choices += _choices(
            clickhouse, "first_rejected IN %(firsts)s", {"firsts": names, "limit": len(names)}
        )
    listed = {str(choice.first) for choice in choices}
    for where, first in firsts.items():
        if first not in listed:
            left_out.append(LeftOut(where, _settled(clickhouse, first)))
    return choices, left_out


def lots_of(choices: Sequence[Choice]) -> Iterator[list[Choice]]:
    """Yield choices in order, as many at once as may be in memory with their bytes."""
    lot: list[Choice] = []
    held = 0
    for choice in choices:
        if lot and (len(lot) >= _LOT or held + choice.bytes > _LOT_BYTES):
            yield lot
            lot, held = [], 0
        lot.append(choice)
        held += choice.bytes
    if lot:
        yield lot


def _choices(clickhouse: ClickHouse, where: str, params: dict[str, Any]) -> list[Choice]:
    rows = clickhouse.rows(
        "SELECT topic, epoch, partition, offset, first_rejected, reason, ifNull(bytes, 0), replays, "
        "splitByChar('/', first_rejected) AS parts "
        f"FROM {clickhouse.address.database}.rejects_current WHERE {where} "
        "ORDER BY topic, partition, toUInt64(parts[2]), toUInt64(parts[4]) LIMIT %(limit)s",
        params,
    )
    return [
        Choice(Place(*row[:4]), place_of(row[4]), reason=row[5], bytes=row[6], replays=row[7])
        for row in rows
    ]


def _firsts(clickhouse: ClickHouse, wanted: Sequence[Coordinates]) -> dict[Coordinates, str]:
    """Return where the records at some coordinates were rejected first; the newest incarnation's."""
    rows = clickhouse.rows(
        "SELECT topic, partition, offset, argMax(first_rejected, epoch) "
        f"FROM {clickhouse.address.database}.reject_attempts "
        "WHERE (topic, partition, offset) IN %(wanted)s GROUP BY topic, partition, offset",
        {"wanted": tuple(tuple(where) for where in wanted)},
    )
    return {Coordinates(*row[:3]): row[3] for row in rows}


def _settled(clickhouse: ClickHouse, first: str) -> str:
    outcome = outcome_of(clickhouse, first)
    if outcome is None:
        return "it has just left the list"
    if outcome.outcome == "replayed":
        return f"it was replayed already, and {outcome.fate}"
    return "it was dropped"


def _portions(items: Sequence[T]) -> Iterator[tuple[T, ...]]:
    for start in range(0, len(items), _MOST):
        yield tuple(items[start : start + _MOST])
