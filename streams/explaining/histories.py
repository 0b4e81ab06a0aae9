"""The facts behind a number, derived again from the raw rows of the customers concerned."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice

from schemas.facts import FACTS
from schemas.measures import Measure, Measures
from streams.explaining.invited import invitation_facts
from streams.explaining.latest import latest_answers
from streams.explaining.told import Told
from streams.explaining.traces import Selection, Trace
from streams.explaining.travelled import conversation_facts, visit_facts
from streams.fold.cells import cells_of_facts
from streams.fold.columns import Origin
from streams.fold.customers import Stored
from streams.fold.kinds import KINDS, Kind
from streams.store import Store

__all__ = ["fact_traces"]

#: Histories in memory at a time.
_PIECE = 2_000

#: Look-ups see every offset.
_END = 2**63 - 1


def fact_traces(
    store: Store,
    measure: Measure,
    selection: Selection,
    subjects: Mapping[Origin, Sequence[str]],
) -> Iterator[Trace]:
    """Yield the facts that a measure counts, or each customer's latest answers.

    A history is derived as the worker derives it: from all its records, with the definitions of the
    last one, each partition by itself.

    Raises:
        SinkError: ClickHouse does not answer or refuses.
    """
    kind = KINDS[FACTS[measure.fact].topic if measure.fact else measure.topic]
    tell = _teller(measure)
    for origin, wanted in subjects.items():
        for history in _histories(store, kind, origin, wanted):
            measures = store.definitions(history[-1].definitions)
            for told in tell(history, measures, measure.fact or measure.name):
                yield from _traces(told, origin, measures, selection)


def _teller(measure: Measure) -> Callable[[Sequence[Stored], Measures, str], Iterator[Told]]:
    if not measure.fact:
        return latest_answers
    if measure.fact.startswith("journey."):
        return visit_facts
    topic = FACTS[measure.fact].topic
    return invitation_facts if topic == "feedback.invitations" else conversation_facts


def _histories(
    store: Store, kind: Kind, origin: Origin, subjects: Sequence[str]
) -> Iterator[list[Stored]]:
    """Yield all records of each subject, in the order of the log."""
    waiting = iter(subjects)
    while piece := list(islice(waiting, _PIECE)):
        for stored in store.histories(kind, origin, _END, piece).values():
            yield sorted(stored, key=lambda one: one.offset)


def _traces(
    told: Told, origin: Origin, measures: Measures, selection: Selection
) -> Iterator[Trace]:
    topic, epoch, partition = origin
    for cell in cells_of_facts([told.fact], measures):
        if selection.takes(cell):
            yield Trace(
                names=told.names,
                time_ms=told.fact.time_ms,
                bucket=cell.bucket,
                value=told.fact.value,
                topic=topic,
                epoch=epoch,
                partition=partition,
                offset=told.offset,
                revision=told.revision,
                note=told.note,
                left_out=told.left_out,
                story=told.story,
            )
