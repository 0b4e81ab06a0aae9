"""How `earshot status` says it: cells, alarms and one last line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deploy.local.part import PartStatus
    from schemas.errors import EarshotError
    from streams.partitions import Standing

__all__ = ["NUMBERS", "PARTS", "alarms", "part_cells", "partition_table", "summary"]

PARTS = ("part", "state", "pid", "address", "uptime", "data")

#: Columns that are aligned to the right.
NUMBERS = frozenset({"partition", "epoch", "committed", "log end", "lag"})

_UNKNOWN = "?"
_NEVER = "-"
_KIB = 1024


def part_cells(part: PartStatus) -> tuple[str, ...]:
    """Return a row of the table of parts."""
    return (
        part.name,
        part.state,
        "-" if part.pid is None else str(part.pid),
        part.address,
        "-" if part.uptime_s is None else _duration(part.uptime_s),
        _size(part.data_bytes),
    )


def partition_table(rows: Sequence[Standing]) -> tuple[list[str], list[list[str]]]:
    """Return the columns and rows of the table of partitions; epochs only where there is a second."""
    epochs = any(row.epoch for row in rows)
    columns = ["topic", "partition", *(["epoch"] if epochs else []), "committed", "log end", "lag"]
    columns += ["last flush", "state", "reason"]
    return columns, [_partition_cells(row, epochs) for row in rows]


def alarms(rows: Sequence[Standing], problems: Mapping[str, EarshotError]) -> Iterator[str]:
    """Yield a block for everything that is not as it should be: what, and the cure below it."""
    for name, error in problems.items():
        yield _block(f"{name}:", error.what, error.cure)
    for row in rows:
        if row.is_alarm:
            since = "" if row.since is None else f" since {row.since:%Y-%m-%d %H:%M:%S} UTC"
            by = f" ({row.worker})" if row.worker else ""
            head = f"{row.topic}/{row.partition} {row.state}{since}{by}:"
            yield _block(head, row.what, row.cure)


def summary(rows: Sequence[Standing]) -> str:
    """Say in one line how all partitions are."""
    count = {row.state: 0 for row in rows}
    for row in rows:
        count[row.state] += 1
    lag = sum(row.lag or 0 for row in rows)
    states = ", ".join(f"{number} {state}" for state, number in count.items())
    text = f"{len(rows)} partitions: {states}. {lag:,} records wait."
    idle = count.get("no worker", 0) + count.get("never read", 0)
    return f"{text} Start a worker: `earshot worker`." if idle == len(rows) else text


def _partition_cells(row: Standing, epochs: bool) -> list[str]:
    return [
        row.topic,
        str(row.partition),
        *([_NEVER if row.epoch is None else str(row.epoch)] if epochs else []),
        _count(row.committed, _UNKNOWN if row.log_end is None else _NEVER),
        _count(row.log_end, _UNKNOWN),
        _count(row.lag, _UNKNOWN),
        _NEVER if row.flushed_ago_s is None else f"{_duration(max(0.0, row.flushed_ago_s))} ago",
        row.state,
        row.reason,
    ]


def _count(number: int | None, otherwise: str) -> str:
    return otherwise if number is None else f"{number:,}"


def _block(head: str, what: str, cure: str) -> str:
    return "\n  ".join([head, *what.splitlines(), *cure.strip().splitlines()])


def _duration(seconds: float) -> str:
    """Write a duration with its two largest units.

    >>> _duration(59.9), _duration(3725), _duration(90000)
    ('59s', '1h 2m', '1d 1h')
    """
    rest = int(seconds)
    parts: list[str] = []
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        count, rest = divmod(rest, length)
        if count or (unit == "s" and not parts):
            parts.append(f"{count}{unit}")
    return " ".join(parts[:2])


def _size(count: float) -> str:
    """Write a number of bytes with a binary unit.

    >>> _size(0), _size(2048), _size(5 * 1024**3)
    ('0 B', '2.0 KiB', '5.0 GiB')
    """
    if count < _KIB:
        return f"{count:.0f} B"
    for unit in ("KiB", "MiB", "GiB"):
        count /= _KIB
        if count < _KIB:
            return f"{count:.1f} {unit}"
    return f"{count / _KIB:.1f} TiB"
