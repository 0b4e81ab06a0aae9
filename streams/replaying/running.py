"""Replays from end to end: repair a stretch in place, or build everything anew and show it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

from schemas.errors import ConfigError, StreamError
from sinks.clickhouse import ClickHouse
from streams.agents.configuring import IntakeConfig, intake_config
from streams.agents.intake import Intake
from streams.batch import TopicPartition
from streams.epochs import Epoch, TopicIds
from streams.fold.chunks import chunk_start
from streams.fold.columns import Origin
from streams.fold.rows import Ledger
from streams.replaying import shadow
from streams.replaying.driving import fold_to_the_end, intake_for
from streams.replaying.plan import Extent, extents
from streams.replaying.raw import RawReader
from streams.replaying.repair import Repaired, Repairing, sealed
from streams.replaying.stretch import StretchReader
from streams.settings import Settings
from streams.store import Store
from streams.traces import Traces
from streams.verifying.auditing import Audit, audit, partitions_of
from streams.verifying.comparing import Progress
from streams.verifying.scope import Scope
from streams.verifying.stored import Stored
from streams.wiring import address_of, measures_of, registry_of

__all__ = ["Built", "Source", "build_shadow", "repair"]

Source = Literal["kafka", "raw"]

#: Told what is done, how many offsets of it are left, and of how many.
Told = Callable[[str, int, int], None]

#: Behind the workers by so few records a replay is near enough: they read what is left.
_NEAR = 1_000
_MOST_ROUNDS = 20


@dataclass(frozen=True, slots=True)
class Built:
    """What a replay into the shadow came to. `retired` is empty if it is not shown."""

    records: int
    audit: Audit
    epochs: Mapping[str, int]
    retired: Mapping[str, int]


async def repair(
    settings: Settings, stretches: Mapping[TopicPartition, tuple[int, int]], told: Told
) -> Repaired:
    """Fold the sealed chunks that some stretches of offsets touch again, and put right what is stored.

    Raises:
        StreamError: Kafka does not answer, or does not keep the records any more.
        SinkError: ClickHouse does not answer or refuses.
    """
    clickhouse = ClickHouse(address_of(settings))
    store = Repairing(clickhouse)
    try:
        current = _current(store, settings.worker.chunk)
        log = extents(settings.kafka.brokers, current)
        plan: dict[TopicPartition, list[Ledger]] = {}
        for tp, (first, end) in stretches.items():
            chunks = _sealed(store, _origin(tp, current), settings, first, end)
            kept = [one for one in chunks if one.first >= log[tp].first]
            store.found.gone += len(chunks) - len(kept)
            if kept:
                plan[tp] = kept
        begun = {tp: (chunks[0].first, chunks[-1].last + 1) for tp, chunks in plan.items()}
        whole = sum(end - first for first, end in begun.values())
        before = {
            (origin, one.chunk): store.before(origin, one.chunk)
            for tp, chunks in plan.items()
            for origin in [_origin(tp, current)]
            for one in chunks
        }
        intake = intake_for(
            _unlimited(settings),
            store=store,
            traces=Traces(clickhouse, store),
            registry=registry_of(settings),
            measures=measures_of(settings),
            epochs=current,
            now=time.monotonic,
        )
        if begun:
            reader = StretchReader(
                settings.kafka.brokers,
                begun,
                fetch_records=settings.worker.fetch_records,
                again=True,
            )
            async with reader:
                await fold_to_the_end(
                    intake, reader, lambda left: told("Folding again", left, whole)
                )
        for (origin, chunk), rows in before.items():
            store.settle(origin, chunk, rows)
        return store.found
    finally:
        clickhouse.close()


async def build_shadow(
    settings: Settings, source: Source, told: Told, checking: Progress, *, show: bool
) -> Built:
    """Fold everything anew with the present definitions, verify it, and show it instead.

    May be cut short and begun again: it goes on where it was.

    Raises:
        StreamError: Kafka does not answer, or does not keep the records any more.
        SinkError: ClickHouse does not answer or refuses.
    """
    clickhouse = ClickHouse(address_of(settings))
    store = Store(clickhouse)
    topic_ids = TopicIds(settings.kafka.brokers)
    try:
        measures = measures_of(settings)
        store.keep_definitions(measures)
        ids = topic_ids()
        epochs = shadow.begin(store, ids, ids, settings.worker.chunk)
        current = _current(store, None)
        intake = intake_for(
            _unlimited(settings),
            store=store,
            traces=Traces(clickhouse, store),
            registry=registry_of(settings),
            measures=measures,
            epochs=epochs,
            now=time.monotonic,
        )
        records = 0
        for _ in range(_MOST_ROUNDS):
            log = extents(settings.kafka.brokers, ids)
            goal = {
                tp: (begun, end)
                for tp, extent in log.items()
                for begun, end in [_left(store, tp, extent, epochs, current)]
                if begun < end
            }
            whole = sum(end - begun for begun, end in goal.values())
            records += whole
            if whole == 0:
                break
            gone = {tp: (begun, log[tp].first) for tp, (begun, _) in goal.items()
                    if begun < log[tp].first}  # fmt: skip
            if gone and source == "kafka":
                places = ", ".join(f"{tp.topic}/{tp.partition}" for tp in gone)
                raise StreamError(
                    f"Kafka does not keep the first records of {places} any more.",
                    cure="Replay from the raw rows what Kafka does not keep: --source raw.",
                )
            if gone:
                _refuse_kept(clickhouse, current, gone)
                rows = RawReader(
                    store,
                    registry_of(settings),
                    {_origin(tp, current): stretch for tp, stretch in gone.items()},
                )
                await _fold_raw(intake, rows, gone, told)
            kept = {tp: (max(begun, log[tp].first), end) for tp, (begun, end) in goal.items()}
            reader = StretchReader(
                settings.kafka.brokers,
                {tp: stretch for tp, stretch in kept.items() if stretch[0] < stretch[1]},
                fetch_records=settings.worker.fetch_records,
                again=False,
            )
            async with reader:
                await fold_to_the_end(intake, reader, partial(_tell, told, whole))
            if whole <= _NEAR:
                break
        stored, scope = Stored(clickhouse, epochs=epochs), Scope()
        found = audit(stored, scope, partitions_of(stored, scope), checking)
        wrong = bool(found.different or found.findings or found.unchecked)
        retired = shadow.show(store, epochs) if show and not wrong else {}
        return Built(records, found, epochs, retired)
    finally:
        topic_ids.close()
        clickhouse.close()


def _tell(told: Told, whole: int, left: int) -> None:
    told("Folding", left, whole)


async def _fold_raw(
    intake: Intake, reader: RawReader, gone: Mapping[TopicPartition, tuple[int, int]], told: Told
) -> None:
    """Fold what Kafka does not keep any more, from the raw rows."""
    whole = sum(end - begun for begun, end in gone.values())
    await fold_to_the_end(intake, reader, lambda left: told("Folding raw rows", left, whole))
    for tp, (_, end) in gone.items():
        if tp in reader.last_ms:
            await intake.pass_over(tp, end, reader.last_ms[tp])


def _left(
    store: Store,
    tp: TopicPartition,
    extent: Extent,
    epochs: Mapping[str, int],
    current: Mapping[str, int],
) -> tuple[int, int]:
    """Return what a replay has yet to fold of a partition: up to where the workers are."""
    shown = _origin(tp, current)
    end = store.ledger_end(shown)
    done = store.ledger_end(_origin(tp, epochs))
    first = min([one.first for one in store.chunks(shown, 0)[:1]], default=extent.first)
    return (first if done is None else done), (extent.first if end is None else end)


def _refuse_kept(
    clickhouse: ClickHouse,
    current: Mapping[str, int],
    gone: Mapping[TopicPartition, tuple[int, int]],
) -> None:
    """Refuse to lose counts that stand for customers who were erased: no raw row holds them."""
    for tp, (_, end) in gone.items():
        ((kept,),) = clickhouse.rows(
            f"SELECT count() FROM {clickhouse.address.database}.erased_counts "
            "WHERE _topic = %(topic)s AND _epoch = %(epoch)s AND _partition = %(partition)s "
            "AND _offset < %(end)s AND mode = 'keep'",
            {"topic": tp.topic, "epoch": current[tp.topic], "partition": tp.partition, "end": end},
        )
        if kept:
            raise ConfigError(
                f"{tp.topic}/{tp.partition} holds counts of erased customers that were kept, from "
                "before what Kafka keeps. No raw row holds them, so a replay would lose them.",
                cure="Leave this stretch as it is; new definitions count from now on.",
            )


def _sealed(store: Store, origin: Origin, settings: Settings, first: int, end: int) -> list[Ledger]:
    size = settings.worker.chunk
    border = store.newest_erasures([origin]).get(origin, 0)
    ledgers = store.chunks(origin, chunk_start(first, size, 0))
    return sealed(ledgers, first, end, size, border)


def _current(store: Store, chunk: int | None) -> dict[str, int]:
    """Return the epoch of each topic that is shown and written to.

    Raises:
        ConfigError: Chunks have another size than the setting says.
    """
    newest: dict[str, Epoch] = {}
    for one in store.epochs():
        if one.state == "current":
            newest[one.topic] = one
    for one in newest.values():
        if chunk is not None and one.chunk != chunk:
            raise ConfigError(
                f"{one.topic} was read in chunks of {one.chunk} offsets, and worker.chunk is {chunk}.",
                cure=f"Set EARSHOT_WORKER__CHUNK={one.chunk}.",
            )
    return {topic: one.number for topic, one in newest.items()}


def _unlimited(settings: Settings) -> IntakeConfig:
    """Return how a replay folds: what was rejected once is no reason to stop."""
    config = intake_config(settings, "replay")
    return replace(config, reject_run=0, reject_share=1.0, unknown_schema_s=0.0)


def _origin(tp: TopicPartition, epochs: Mapping[str, int]) -> Origin:
    return tp.topic, epochs[tp.topic], tp.partition
