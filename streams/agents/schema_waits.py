"""Wait for a schema the registry does not know: it may be registered after its first record was sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from streams.agents.halting import Halt, unknown_schema
from streams.batch import TopicPartition
from streams.fold.partition import Decoded
from streams.fold.rejection import Rejection

__all__ = ["SchemaWaits"]


class SchemaWaits:
    """How long each partition waits already.

    Args:
        limit_s: Seconds until a record whose schema is unknown is rejected.
        now: Returns seconds that only ever grow.
    """

    def __init__(self, limit_s: float, now: Callable[[], float]) -> None:
        self._limit_s = limit_s
        self._now = now
        #: Since when a partition waits for a schema.
        self._since: dict[TopicPartition, float] = {}

    def before_unknown(
        self, tp: TopicPartition, decoded: Sequence[Decoded], bound: Mapping[int, Rejection]
    ) -> tuple[Sequence[Decoded], Halt | None]:
        """Return the records before the first whose schema may be registered yet, and the wait for it.

        Args:
            tp: The partition.
            decoded: Its next records.
            bound: Records that stay refused, whatever they are by now: nothing is waited for.
        """
        for index, record in enumerate(decoded):
            content = record.content
            if (
                isinstance(content, Rejection)
                and content.reason == "unknown_schema"
                and record.offset not in bound
            ):
                since = self._since.setdefault(tp, self._now())
                left = self._limit_s - (self._now() - since)
                if left > 0:
                    return decoded[:index], unknown_schema(tp, record.offset, content.detail, left)
        self.forget(tp)
        return decoded, None

    def forget(self, tp: TopicPartition) -> None:
        """Forget that a partition waits, if it does."""
        self._since.pop(tp, None)
