"""Wait until the workers have given replayed records their fate. Blocking."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from sinks.clickhouse import ClickHouse
from streams.rejecting.erased import ERASED
from streams.rejecting.headers import ReplayOf

__all__ = ["Fates", "wait_for_fates"]

_BETWEEN_S = 0.25

#: Records one query names.
_MOST = 1_000


@dataclass(slots=True)
class Fates:
    """How many records were counted, by fate; how many rejected again, by reason; how many are open."""

    counted: Counter[str] = field(default_factory=Counter)
    rejected: Counter[str] = field(default_factory=Counter)
    open: int = 0


def wait_for_fates(
    clickhouse: ClickHouse,
    sent: Sequence[ReplayOf],
    *,
    limit_s: float,
    progress: Callable[[int], None] = lambda _: None,
    now: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Fates:
    """Return the fates of replayed records as soon as all have one, or after `limit_s` seconds.

    Args:
        clickhouse: Where the workers write.
        sent: The replays.
        limit_s: Seconds to wait. With 0, it looks once.
        progress: Told how many have their fate.
        now: Seconds of a clock that never goes back.
        sleep: Waits some seconds.

    Raises:
        SinkError: ClickHouse does not answer or refuses.
    """
    fates = Fates()
    waiting = {replay[:4]: replay for replay in sent}
    total, deadline = len(waiting), now() + limit_s
    while True:
        for some in _portions(list(waiting.values())):
            _look(clickhouse, some, waiting, fates)
        progress(total - len(waiting))
        if not waiting or now() >= deadline:
            fates.open = len(waiting)
            return fates
        sleep(_BETWEEN_S)


_First = tuple[str, int, int, int]


def _look(
    clickhouse: ClickHouse, some: Sequence[ReplayOf], waiting: dict[_First, ReplayOf], fates: Fates
) -> None:
    """Note the fates of some replays, and wait for those no longer."""
    database = clickhouse.address.database
    counted = clickhouse.rows(
        f"SELECT _topic, _epoch, _partition, _offset, fate FROM {database}.reject_outcomes FINAL "
        "WHERE (_topic, _epoch, _partition, _offset) IN %(firsts)s AND outcome = 'replayed'",
        {"firsts": tuple(replay[:4] for replay in some)},
    )
    for *first, fate in counted:
        if waiting.pop((first[0], first[1], first[2], first[3]), None):
            fates.counted[fate] += 1
    by_name = {replay.first: replay for replay in some}
    rejected = clickhouse.rows(
        f"SELECT replay_of, replays %% {ERASED} AS attempt, reason FROM {database}.rejects FINAL "
        "WHERE replay_of IN %(firsts)s ORDER BY attempt DESC LIMIT 1 BY replay_of",
        {"firsts": tuple(by_name)},
    )
    for name, attempt, reason in rejected:
        replay = by_name[name]
        if attempt >= replay.replays and waiting.pop(replay[:4], None):
            fates.rejected[reason] += 1


def _portions(items: Sequence[ReplayOf]) -> Iterator[Sequence[ReplayOf]]:
    for start in range(0, len(items), _MOST):
        yield items[start : start + _MOST]
