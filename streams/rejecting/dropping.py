"""Drop rejected records: off the list, and their bytes out of ClickHouse. Blocking.

What stays is a row without key, value and headers, and one in `reject_outcomes` that says when and why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any

from sinks.clickhouse import ClickHouse
from sinks.tables import TABLES
from streams.rejecting.choosing import Choice
from streams.rejecting.erased import ERASED

__all__ = ["drop"]

#: What a row without bytes has in place of some columns. Counted up, it wins over any with bytes.
_WITHOUT = {
    "key": "NULL",
    "value": "NULL",
    "headers": "CAST([], 'Array(Tuple(String, String))')",
    "replays": f"bitOr(replays, {ERASED})",
}

#: Wait until all replicas have done it.
_AT_ONCE = {"mutations_sync": 2}

#: Records one statement names.
_AT_A_TIME = 1_000


def drop(
    clickhouse: ClickHouse,
    choices: Sequence[Choice],
    why: str,
    at: datetime,
    progress: Callable[[int], None] = lambda _: None,
) -> None:
    """Drop records, with every attempt to replay them. May be repeated after a failure.

    Args:
        clickhouse: Where they are.
        choices: The records.
        why: What the audit says. Not about a person.
        at: The time of the drop.
        progress: Told how many are dropped.

    Raises:
        SinkError: ClickHouse does not answer or refuses. What was dropped before stays so.
    """
    for start in range(0, len(choices), _AT_A_TIME):
        some = choices[start : start + _AT_A_TIME]
        _erase(clickhouse, some)
        # Last: whatever fails before leaves the record on the list, to be dropped again.
        clickhouse.insert(TABLES["reject_outcomes"], _audit(some, why, at))
        progress(start + len(some))


def _erase(clickhouse: ClickHouse, choices: Sequence[Choice]) -> None:
    table = f"{clickhouse.address.database}.rejects"
    names = TABLES["rejects"].columns
    rows = clickhouse.rows(
        f"SELECT {', '.join(_WITHOUT.get(name, name) for name in names)} FROM {table} FINAL "
        "WHERE (_topic, _epoch, _partition, _offset) IN %(firsts)s OR replay_of IN %(names)s",
        {
            "firsts": tuple(_in_every_epoch(clickhouse, choices)),
            "names": tuple(str(choice.first) for choice in choices),
        },
    )
    if not rows:
        return  # erased with their customer a moment ago
    clickhouse.insert(TABLES["rejects"], [list(column) for column in zip(*rows, strict=True)])
    clickhouse.rows(
        f"ALTER TABLE {table} DELETE WHERE replays < {ERASED} "
        "AND (_topic, _epoch, _partition, _offset) IN %(places)s",
        {"places": tuple(tuple(row[:4]) for row in rows)},
        settings=_AT_ONCE,
    )


def _in_every_epoch(
    clickhouse: ClickHouse, choices: Sequence[Choice]
) -> Iterator[tuple[str, int, int, int]]:
    """Yield where the records were rejected first, for every epoch in which the same log was folded."""
    rows = clickhouse.rows(
        "SELECT topic, min(epoch), groupUniqArray(epoch) "
        f"FROM {clickhouse.address.database}.epochs WHERE topic_id != '' GROUP BY topic, topic_id"
    )
    epochs = {(topic, first): found for topic, first, found in rows}
    for choice in choices:
        topic, first, partition, offset = choice.first
        for epoch in epochs.get((topic, first), [first]):
            yield topic, epoch, partition, offset


def _audit(choices: Sequence[Choice], why: str, at: datetime) -> list[list[Any]]:
    rows = [
        (*choice.first, "dropped", "", choice.place.epoch, None, None, choice.replays, at, why, 0)
        for choice in choices
    ]
    return [list(column) for column in zip(*rows, strict=True)]
