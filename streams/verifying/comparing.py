"""Compare what is stored with what the raw rows come to, partition by partition."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from heapq import nsmallest
from typing import NamedTuple

from schemas.errors import SinkError
from schemas.measures import Measures
from streams.verifying.conservation import Chunk, Erasure, chunk_findings, row_findings
from streams.verifying.fact import Cell
from streams.verifying.recount import Definitions, history_cells, single_cells
from streams.verifying.row import SOURCES, first_of_each, sql_subject
from streams.verifying.scope import Scope
from streams.verifying.stored import Bound, Partition, Stored, StoredCell
from streams.verifying.tally import Tally

__all__ = ["SHOWN", "Checked", "Difference", "OfMeasure", "Progress", "verify_partition"]

#: Differences that are kept to be shown; all of them are counted.
SHOWN = 1000

_TRIES = 3
_ALL = 2**63 - 1

#: Told the rows that were recounted since it was called last.
Progress = Callable[[int], None]


class Difference(NamedTuple):
    """A cell of one partition that is stored with another count than its raw rows come to."""

    cell: Cell
    partition: Partition
    stored: int
    recounted: int


@dataclass(slots=True)
class OfMeasure:
    """What was checked of one measure: records and facts counted, in how many cells."""

    counted: int = 0
    cells: int = 0
    differences: int = 0


@dataclass(slots=True)
class Checked:
    """What was found in one partition.

    `rows` are the raw rows up to offset `until`, `read` the records the ledger has read up to there.
    `moving` says that a worker went on writing: only closed chunks were checked, or if `until` is None
    nothing at all. `findings` are sentences about the ledger.
    """

    partition: Partition
    rows: int = 0
    read: int = 0
    until: int | None = None
    moving: bool = False
    findings: list[str] = field(default_factory=list)
    measures: dict[str, OfMeasure] = field(default_factory=dict)
    differences: list[Difference] = field(default_factory=list)


def verify_partition(
    stored: Stored,
    partition: Partition,
    scope: Scope,
    definitions: Definitions,
    progress: Progress = lambda _: None,
) -> Checked:
    """Check one partition.

    Raises:
        SinkError: ClickHouse does not answer, or does not hold definitions that something was folded
            with.
    """
    for _ in range(_TRIES):
        view = _consistent(stored, partition, scope)
        if view is None:
            break
        checked = Checked(partition, until=view.offset, moving=view.moving)
        checked.read = sum(chunk.read for chunk in view.chunks)
        for cell in _recounted(stored, view, _Known(definitions), checked, progress):
            if cell in scope:
                view.tally.recount(cell)
        # Rows that were erased while they were read may be half there.
        if stored.erasures(partition) == view.erasures:
            _compare(view, checked)
            return checked
    return Checked(partition, moving=True)


class _View(NamedTuple):
    """What is stored of a partition as of an offset. `moving`: of the closed chunks only."""

    offset: int
    chunks: list[Chunk]
    erasures: list[Erasure]
    tally: Tally
    moving: bool


def _consistent(stored: Stored, partition: Partition, scope: Scope) -> _View | None:
    """Read the slices as of an offset, of which the ledger says that all before it is stored.

    A worker that flushes meanwhile leaves a version beyond that offset: then once more. Chunks before
    the one it works on are never written again, so they can always be read, unless a customer was
    erased behind them. Returns None if all of it moves.
    """
    chunks: list[Chunk] = []
    for attempt in range(_TRIES + 1):
        moving = attempt == _TRIES
        number = chunks[-1].number if moving and chunks else _ALL
        chunks = chunks[:-1] if moving else stored.chunks(partition)
        last = chunks[-1].last if chunks else -1
        erasures = stored.erasures(partition)
        behind = any(one.offset > last and (moving or not one.later) for one in erasures)
        if (moving and not chunks) or behind or stored.under_way(partition, erasures):
            continue
        # What is not written down yet changes nothing: its rows are there still.
        later = {one.offset for one in erasures if one.later}
        tally = _read(stored.slices(partition, scope, number), last, later)
        if tally is not None:
            for one in stored.kept(partition, scope, last):
                if not one.later or one.version in later:
                    tally.recount(one.cell, one.n)
            return _View(last, chunks, erasures, tally, moving)
    return None


def _read(cells: Iterable[StoredCell], last: int, later: Container[int]) -> Tally | None:
    """Return the sums by cell, or None if a record after the last one has touched any of them.

    What was taken back at the request of a later incarnation of the topic counts if it is in `later`.
    """
    tally = Tally()
    for one in cells:
        if one.later:
            if one.version in later:
                tally.store(one.cell, one.n)
            continue
        if one.version > last:
            return None
        tally.store(one.cell, one.n)
    return tally


def _recounted(
    stored: Stored, view: _View, definitions: Definitions, checked: Checked, progress: Progress
) -> Iterator[Cell]:
    partition = checked.partition
    topic, source = partition.topic, SOURCES[partition.topic]
    bound = Bound(view.offset, stored.count(partition, view.offset))
    answers = topic == "feedback.responses"
    # Records of a customer stand together by the customer, revisions of an answer by the answer.
    by_subject = sql_subject(source.own_id) if source.own_id else "event_id"
    by_answer = "source, response_id, question_id"
    for rows in stored.raw(partition, bound, by_answer if answers else by_subject):
        standing = first_of_each(rows, source.identity)
        checked.rows += len(standing)
        yield from single_cells(topic, standing, definitions)
        if not answers:
            yield from history_cells(topic, standing, definitions)
        progress(len(rows))
    if answers and any(one.once_per_customer for one in definitions.values()):
        for rows in stored.raw(partition, bound, by_subject, whole=by_answer):
            yield from history_cells(topic, first_of_each(rows, source.identity), definitions)


def _compare(view: _View, checked: Checked) -> None:
    checked.findings += chunk_findings(view.chunks, view.erasures)
    checked.findings += row_findings(view.chunks, checked.rows, view.erasures)
    differences = []
    for cell, stored, recounted in view.tally:
        measure = checked.measures.setdefault(cell.measure, OfMeasure())
        measure.counted += recounted
        measure.cells += 1
        if stored != recounted:
            measure.differences += 1
            differences.append(Difference(cell, checked.partition, stored, recounted))
    checked.differences = nsmallest(SHOWN, differences)


class _Known(dict[int, Measures]):
    """Definitions by version; one that is not there is told as what it is, a loss."""

    def __init__(self, definitions: Mapping[int, Measures]) -> None:
        super().__init__(definitions)

    def __missing__(self, version: int) -> Measures:
        raise SinkError(
            f"ClickHouse has no measure definitions of version {version}.",
            cure="Restore the table `definitions` from a backup.",
        )
