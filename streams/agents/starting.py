"""Where a partition is read from: when it becomes ours, and when what is fetched begins too far on."""

from __future__ import annotations

from functools import partial

import structlog

from schemas.measures import Measures
from streams.agents.asking import Asking
from streams.agents.configuring import IntakeConfig
from streams.agents.halting import RejectLimit, lost_records
from streams.agents.learning import Learner
from streams.agents.opening import Opened, Opener
from streams.agents.owned import Owned
from streams.agents.positions import Numbering, Positions
from streams.batch import Run, TopicPartition
from streams.fold.columns import Origin
from streams.store import Store

__all__ = ["Starter"]

log = structlog.get_logger(__name__)


class Starter:
    """Opens partitions where they need to be read from, and judges what may be left out."""

    def __init__(
        self,
        config: IntakeConfig,
        *,
        store: Store,
        measures: Measures,
        epochs: Numbering,
        learner: Learner,
        ask: Asking,
    ) -> None:
        self._config = config
        self._store = store
        self._epochs = epochs
        self._learner = learner
        self._ask = ask
        self._opener = Opener(
            store=store,
            measures=measures,
            chunk_size=config.chunk_size,
            known_answers=config.known_answers,
            known_customers=config.known_customers,
            clock_skew_ms=config.clock_skew_ms,
            ask=ask,
        )

    async def start(self, tp: TopicPartition, positions: Positions, *, anew: bool = False) -> Owned:
        """Open a partition, and read it from where it needs to be read.

        `anew`: it was ours before, and its log may begin elsewhere by now.
        """
        origin = tp.topic, self._epochs.epoch(tp.topic), tp.partition
        log_start = None if anew else positions.log_began(tp)
        if log_start is None:
            log_start = await self._ask.wait_for(partial(positions.log_start, tp))
        opened = await self._opener.open(tp, origin, positions.committed(tp), log_start)
        if opened.half is not None:
            ledger, stored = opened.half
            await self._learner.learn(opened, stored)
            opened.fold.resume(ledger, stored)
            opened.half = None
        config = self._config
        limit = RejectLimit(config.reject_run, config.reject_share, config.reject_window)
        return Owned(opened, limit)

    async def start_at(self, tp: TopicPartition, origin: Origin, offset: int) -> Opened:
        """Open a partition at an offset all before which is durable, an erasure for instance."""
        return await self._opener.open(tp, origin, offset, offset)

    async def may_skip(self, own: Owned, run: Run, positions: Positions) -> bool:
        """Say whether a run that begins too far on may be folded. If not, see to what came before.

        Raises:
            Halt: Records are lost, and nobody has allowed to go on without them.
        """
        tp, fold = run.tp, own.fold
        log_start = await self._ask.wait_for(partial(positions.log_start, tp))
        if log_start <= fold.position:
            # A batch was dropped on its way here (a rebalance empties Faust's buffers), or the consumer
            # began to read elsewhere.
            log.info("reading_again", topic=tp.topic, partition=tp.partition, at=fold.position,
                     got=run.start)  # fmt: skip
            await positions.rewind(tp, fold.position)
            return False
        allowed = await self._ask(partial(self._store.allowed, own.opened.origin, "lost"))
        if allowed < log_start:
            raise lost_records(tp, fold.position, log_start)
        log.error("records_lost", topic=tp.topic, partition=tp.partition, first=fold.position,
                  last=log_start - 1, cure="Keep records longer.")  # fmt: skip
        fold.lose(log_start, run.records[0].timestamp)
        if run.start > log_start:
            await positions.rewind(tp, log_start)
            return False
        return True
