"""Build everything anew beside what is shown, and show it at once.

A replay writes rows of an epoch of its own, which no view shows. When it has been verified, one insert
makes it the epoch that is shown and written to, and the other one retired. The workers ask for their
epoch before each flush: what they have folded of the retired one they forget, and go on where the replay
ended.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping

from schemas.errors import StreamError
from sinks.clickhouse import ClickHouse
from sinks.tables import RAW_TABLES
from streams.epochs import Epoch
from streams.store import Store

__all__ = ["begin", "drop_retired", "give_up", "show"]

#: All tables whose rows carry an epoch; those that are looked into to find out what was folded go last.
_TABLES = (
    "slices", "conversations", "revisions", "rejects", "erased_counts",
    *(table.name for table in RAW_TABLES), "erasures", "ledger",
)  # fmt: skip


def begin(
    store: Store, topic_ids: Mapping[str, str], topics: Iterable[str], chunk: int
) -> dict[str, int]:
    """Return the epoch to replay each topic into: the one of a replay that was cut short, or a new one.

    Raises:
        StreamError: A topic was never read, so that there is nothing to build anew.
        SinkError: ClickHouse does not answer or refuses.
    """
    kept = store.epochs()
    found: dict[str, int] = {}
    new: list[Epoch] = []
    for topic in topics:
        of_topic = [one for one in kept if one.topic == topic]
        own = [one for one in of_topic if one.topic_id == topic_ids[topic]]
        if not any(one.state == "current" for one in own):
            raise StreamError(
                f"{topic} was never read.", cure="Run `earshot worker`: there is nothing to replay."
            )
        begun = [one for one in own if one.state == "shadow" and one.chunk == chunk]
        number = begun[-1].number if begun else max(one.number for one in of_topic) + 1
        if not begun:
            new.append(Epoch(topic, number, topic_ids[topic], chunk, "shadow"))
        found[topic] = number
    if new:
        store.write_epochs(new, time.time())
    return found


def show(store: Store, shadow: Mapping[str, int]) -> dict[str, int]:
    """Show a finished replay instead of what it replaces; return the epochs that are retired, by topic.

    One insert of one block: a reader sees all of it or nothing.
    """
    kept = store.epochs()
    by_number = {(one.topic, one.number): one for one in kept}
    changed: list[Epoch] = []
    retired: dict[str, int] = {}
    for topic, number in shadow.items():
        new = by_number[topic, number]
        changed.append(new._replace(state="current"))
        for one in kept:
            if one.topic == topic and one.topic_id == new.topic_id and one.state == "current":
                changed.append(one._replace(state="retired"))
                retired[topic] = one.number
    store.write_epochs(changed, time.time())
    return retired


def give_up(store: Store) -> list[Epoch]:
    """Retire every replay that was not finished; return them."""
    unfinished = [one for one in store.epochs() if one.state == "shadow"]
    if unfinished:
        store.write_epochs([one._replace(state="retired") for one in unfinished], time.time())
    return unfinished


def drop_retired(clickhouse: ClickHouse, store: Store) -> list[Epoch]:
    """Delete the rows of all retired epochs; return those epochs. May be repeated.

    A worker that has slept since before may yet write some rows of them. No view shows those.
    """
    retired = [one for one in store.epochs() if one.state == "retired"]
    database = clickhouse.address.database
    for one in retired:
        for table in _TABLES:
            clickhouse.rows(
                f"ALTER TABLE {database}.{table} DELETE "
                "WHERE _topic IN %(topics)s AND _epoch = %(epoch)s",
                {"topics": (one.topic, f"{one.topic}#forgotten"), "epoch": one.number},
                settings={"mutations_sync": 2},
            )
    return retired
