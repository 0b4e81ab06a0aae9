"""What a number is made of, one trace for each record or fact, and whether all of them add up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from heapq import nsmallest

from streams.fold.cells import Cell
from streams.fold.customers import Stored
from streams.reading import Window

__all__ = ["Gathered", "Selection", "Trace", "gather"]

#: Traces that are kept before the latest ones are dropped.
_SPARE = 4096


@dataclass(frozen=True, slots=True)
class Selection:
    """Which cells make a number: those of a measure, in a window, with some values of dimensions."""

    measure: str
    window: Window
    where: Mapping[str, str] = field(default_factory=dict)

    @property
    def since_ms(self) -> int:
        """Start of the window, epoch ms."""
        return int(self.window.since.timestamp() * 1000) if self.window.since else 0

    @property
    def until_ms(self) -> int:
        """End of the window, epoch ms; not part of it."""
        return int(self.window.until.timestamp() * 1000) if self.window.until else 2**62

    def takes(self, cell: Cell) -> bool:
        """Say whether a cell is one of them."""
        if cell.measure != self.measure or not self.since_ms <= cell.slice_ms < self.until_ms:
            return False
        values = dict(zip(cell.names, cell.dimensions, strict=True))
        return all(values.get(name, "") == value for name, value in self.where.items())


@dataclass(frozen=True, slots=True)
class Trace:
    """One record or fact that counts, or was left out for the reason `left_out`.

    `names` identify it and name no customer. `value` is a score, a flag, a number or milliseconds, None
    where nothing but the record counts or no score was given. The offset is that of the record, or of
    the last one of the history a fact was derived from.
    """

    names: tuple[tuple[str, str], ...]
    time_ms: int
    bucket: int
    value: int | None
    topic: str
    epoch: int
    partition: int
    offset: int
    revision: int | None = None
    note: str = ""
    left_out: str = ""
    story: tuple[Stored, ...] = field(default=(), repr=False)

    @property
    def conversation(self) -> tuple[str, str] | None:
        """Source and id of the conversation, if it is of one."""
        names = dict(self.names)
        found = names.get("conversation_id")
        return (names["source"], found) if found else None


@dataclass(slots=True)
class Gathered:
    """Traces, the first of them by time, with the histogram all of them make."""

    histogram: Counter[int] = field(default_factory=Counter)
    made: list[Trace] = field(default_factory=list)
    left_out: list[Trace] = field(default_factory=list)
    left_out_count: int = 0
    conversations: set[tuple[str, str]] = field(default_factory=set)

    @property
    def count(self) -> int:
        """How many count."""
        return self.histogram.total()


def gather(traces: Iterable[Trace], limit: int | None) -> Gathered:
    """Count all traces, and keep those that come first: at most `limit` of each kind, None for all."""
    gathered = Gathered()
    for trace in traces:
        if trace.left_out:
            gathered.left_out_count += 1
            kept = gathered.left_out
        else:
            gathered.histogram[trace.bucket] += 1
            kept = gathered.made
            if trace.conversation:
                gathered.conversations.add(trace.conversation)
        kept.append(trace)
        if limit is not None and len(kept) > limit + _SPARE:
            kept[:] = nsmallest(limit, kept, key=_order)
    for kept in (gathered.made, gathered.left_out):
        kept.sort(key=_order)
        if limit is not None:
            del kept[limit:]
    return gathered


def _order(trace: Trace) -> tuple[int, tuple[tuple[str, str], ...], str, int, int, int]:
    return trace.time_ms, trace.names, trace.topic, trace.epoch, trace.partition, trace.offset
