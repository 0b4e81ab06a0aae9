"""All that the worker has in ClickHouse."""

from __future__ import annotations

from streams.epochs import Epoch
from streams.store.partitions import Partitions
from streams.store.seen import Seen

__all__ = ["Store"]


class Store(Partitions, Seen):
    """The worker's tables in one database."""

    def epochs(self) -> list[Epoch]:
        """Return all incarnations and replays of the input topics."""
        rows = self._clickhouse.rows(
            f"SELECT topic, epoch, topic_id, chunk, state FROM {self._database}.epochs FINAL "
            "ORDER BY topic, epoch"
        )
        return [Epoch(*row) for row in rows]

    def write_epochs(self, epochs: list[Epoch], changed_at: float) -> None:
        """Write the states of some epochs: readers see all of them change, or none."""
        rows = [
            (one.topic, one.number, one.topic_id, one.chunk, one.state, int(changed_at * 1e6))
            for one in epochs
        ]
        self.write("epochs", [list(column) for column in zip(*rows, strict=True)])
