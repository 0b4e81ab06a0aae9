"""Wait until the workers have erased a customer from every partition."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from schemas.errors import StreamError
from sinks.clickhouse import ClickHouse
from sinks.tables import shown
from streams.fold.afterwards import AFTERWARDS

__all__ = ["Erased", "wait_until_erased"]

_BETWEEN_S = 0.25


@dataclass(slots=True)
class Erased:
    """What was erased from one topic: raw rows, and cells they had added to, in so many partitions.

    Rows and cells are also those of earlier incarnations of the topic, whose partitions do not count.
    """

    partitions: int = 0
    rows: int = 0
    cells: int = 0


def wait_until_erased(
    clickhouse: ClickHouse,
    request: str,
    partitions: Mapping[str, int],
    *,
    limit_s: float,
    progress: Callable[[int], None] = lambda _: None,
    now: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> dict[str, Erased]:
    """Return what was erased, by topic, as soon as every partition has met its control record.

    A partition is done when the ledger has passed the record: it does so after the rows are deleted,
    those of earlier incarnations of the topic among them.

    Args:
        clickhouse: Where the workers write.
        request: The request of the control records.
        partitions: How many control records stand in each topic.
        limit_s: Seconds to wait.
        progress: Told how many partitions are done.
        now: Seconds of a clock that never goes back.
        sleep: Waits some seconds.

    Raises:
        StreamError: It took longer. The request stands, and workers follow it when they get there.
        SinkError: ClickHouse does not answer or refuses.
    """
    total = sum(partitions.values())
    deadline = now() + limit_s
    while True:
        found = _done(clickhouse, request)
        done = sum(one.partitions for one in found.values())
        progress(done)
        if done >= total:
            return {topic: found.get(topic, Erased()) for topic in partitions}
        if now() >= deadline:
            raise StreamError(
                f"After {limit_s:g} s the customer is erased from {done} of {total} partitions "
                f"(request {request}).",
                cure="Is a worker running, and does it keep up? (`earshot doctor` says more.) Kafka keeps "
                "the request, and workers follow it when they get there. Then ask again: it does no "
                "harm, and finishes what comes after the waiting.",
            )
        sleep(_BETWEEN_S)


def _done(clickhouse: ClickHouse, request: str) -> dict[str, Erased]:
    database = clickhouse.address.database
    asked = f"FROM {database}.erasures FINAL WHERE request = %(request)s AND {shown(database)} AND"
    rows = clickhouse.rows(
        "SELECT _topic, sum(partitions), sum(rows), sum(cells) FROM ("
        "SELECT e._topic AS _topic, 1 AS partitions, e.rows AS rows, e.cells AS cells "
        f"FROM (SELECT * {asked} _offset < %(afterwards)s) AS e "
        "INNER JOIN (SELECT _topic, _epoch, _partition, max(last) AS passed "
        f"FROM {database}.ledger GROUP BY _topic, _epoch, _partition) AS l "
        "ON e._topic = l._topic AND e._epoch = l._epoch AND e._partition = l._partition "
        "WHERE l.passed >= e._offset UNION ALL "
        # Nobody waits for these on their own: partition 0 passes its record after them.
        f"SELECT _topic, 0, rows, cells {asked} _offset >= %(afterwards)s) GROUP BY _topic",
        {"request": request, "afterwards": AFTERWARDS},
    )
    return {topic: Erased(*counts) for topic, *counts in rows}
