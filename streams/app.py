"""The worker: the only place where Faust, the intake and ClickHouse are wired together."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import ExitStack, asynccontextmanager
from functools import partial
from importlib.metadata import version
from typing import Any

import structlog
from faust.types import TP

from schemas.catalog import INPUTS
from schemas.errors import EarshotError, StreamError
from schemas.measures import Measures
from sinks.clickhouse import ClickHouse
from sinks.tables import TABLES
from streams.agents.configuring import intake_config
from streams.agents.intake import Intake
from streams.batch import LogRecord, TopicPartition
from streams.conditions import Conditions
from streams.epochs import Epochs, TopicIds
from streams.outputs import Outputs
from streams.patience import insist
from streams.progress import Progress
from streams.rereading import record_at
from streams.settings import Settings
from streams.store import Store
from streams.telling import keep_conditions
from streams.topics import topic_states
from streams.traces import Traces
from streams.transport import BatchApp
from streams.watchdog import Stalled, Watchdog
from streams.watching import ends_of, exit_unless, watch
from streams.web import Pages, served
from streams.wiring import address_of, measures_of, registry_of

__all__ = ["run_worker"]

log = structlog.get_logger(__name__)

#: Faust is told of a commit interval; offsets are committed when they are durable.
_COMMIT_S = 0.5


def run_worker(settings: Settings) -> None:
    """Run a worker until SIGTERM or SIGINT.

    Raises:
        EarshotError: The worker cannot go on: ClickHouse or Kafka refuse.
    """
    asyncio.run(_Worker(settings).run())


class _Worker:
    """One worker process: its app, its intake, and the reason it stops."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._stop = asyncio.Event()
        self._failure: BaseException | None = None
        self._gave_up = False
        self._conditions = Conditions(time.time)
        self._name = f"{socket.gethostname()}:{os.getpid()}"

    async def run(self) -> None:
        """Work until somebody says stop. From then on there is a limit to what it takes to end."""
        loop = asyncio.get_running_loop()
        with ExitStack() as guards:

            def told_to_stop() -> None:
                if not self._stop.is_set():
                    guards.enter_context(exit_unless(self._settings.worker.stop_s + 20, 1))
                self._stop.set()

            for name in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(name, told_to_stop)
            await self._run()

    async def _run(self) -> None:
        settings, conditions = self._settings, self._conditions
        measures = measures_of(settings)
        clickhouse = ClickHouse(address_of(settings))
        store = Store(clickhouse)
        outputs = Outputs(settings.kafka.brokers)
        topic_ids = TopicIds(settings.kafka.brokers)
        epochs = Epochs(store, topic_ids, chunk=settings.worker.chunk)
        intake = Intake(
            intake_config(settings, self._name),
            store=store,
            traces=Traces(clickhouse, store),
            outputs=outputs,
            registry=registry_of(settings),
            measures=measures,
            epochs=epochs,
            conditions=conditions,
            now=time.monotonic,
        )
        app = self._app(intake)
        log.info("worker_starting", brokers=settings.kafka.brokers, group=settings.kafka.group,
                 clickhouse=repr(clickhouse.address), definitions=measures.version,
                 chunk=settings.worker.chunk)  # fmt: skip
        conditions.waits(reason="starting", what="The worker starts.", cure="Wait.")
        pages = Pages(
            worker=self._name,
            version=version("earshot"),
            conditions=conditions,
            positions=lambda: _progress(app),
            now=time.time,
        )
        try:
            async with _served(pages, settings):
                if await self._unless_stopped(self._prepare(store, measures, epochs)):
                    await app.start()
                    conditions.goes_on("starting")
                    async with self._told(), self._watched(app, pages):
                        await self._until_stopped(app)
        finally:
            with exit_unless(settings.worker.stop_s + 15, 1):
                await self._shut_down(app, outputs, store)
            topic_ids.close()
        if self._failure is not None:
            if not isinstance(self._failure, EarshotError):
                log.error("worker_failed", exc_info=self._failure)
            raise _as_earshot_error(self._failure)
        log.info("worker_stopped")

    @asynccontextmanager
    async def _told(self) -> AsyncIterator[None]:
        """Tell ClickHouse how the partitions are, on a connection of its own."""
        clickhouse = ClickHouse(address_of(self._settings))
        write = partial(clickhouse.insert, TABLES["conditions"])
        telling = asyncio.create_task(keep_conditions(self._conditions, write, worker=self._name))
        try:
            yield
        finally:
            telling.cancel()
            await asyncio.gather(telling, return_exceptions=True)
            clickhouse.close()

    @asynccontextmanager
    async def _watched(self, app: BatchApp, pages: Pages) -> AsyncIterator[None]:
        """End the worker where a partition stands still and nobody knows why."""
        stall_s = self._settings.worker.stall_s

        async def bark(beat: Callable[[], None]) -> None:
            stall = await watch(
                Watchdog(stall_s, time.monotonic),
                lambda: _progress(app),
                self._conditions,
                every_s=stall_s / 10,
                beat=beat,
                ends=ends_of(self._settings.kafka.brokers),
            )
            pages.stalled(stall)
            self._failure = Stalled(stall)
            self._stop.set()

        with exit_unless(stall_s, 1) as beat:
            watching = asyncio.create_task(bark(beat))
            try:
                yield
            finally:
                watching.cancel()
                await asyncio.gather(watching, return_exceptions=True)

    async def _prepare(self, store: Store, measures: Measures, epochs: Epochs) -> None:
        """Wait until ClickHouse and Kafka answer, and have what the worker needs."""
        await insist(lambda: asyncio.to_thread(store.keep_definitions, measures), asyncio.sleep)
        brokers = self._settings.kafka.brokers
        states = await insist(lambda: asyncio.to_thread(topic_states, brokers), asyncio.sleep)
        if missing := [state.topic.name for state in states if not state.partitions]:
            raise StreamError(
                f"The broker {brokers} lacks {', '.join(missing)}.",
                cure="Run `earshot topics --create`.",
            )
        await insist(lambda: asyncio.to_thread(epochs.refresh), asyncio.sleep)

    async def _unless_stopped(self, work: Coroutine[Any, Any, None]) -> bool:
        """Do some work, and return whether it was done before somebody told us to stop."""
        task, stopped = asyncio.create_task(work), asyncio.create_task(self._stop.wait())
        await asyncio.wait({task, stopped}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if not task.done():
            task.cancel()
            return False
        task.result()
        return True

    async def _until_stopped(self, app: BatchApp) -> None:
        stopped = asyncio.ensure_future(self._stop.wait())
        crashed = asyncio.ensure_future(app.wait_until_stopped())
        await asyncio.wait({stopped, crashed}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        crashed.cancel()
        if self._failure is None:
            self._failure = app.crash_reason

    async def _shut_down(self, app: BatchApp, outputs: Outputs, store: Store) -> None:
        try:
            async with asyncio.timeout(self._settings.worker.stop_s + 10):
                await app.stop()
        except TimeoutError:
            # Nothing is lost: what was not flushed was not committed, and is read again.
            log.warning("stop_timed_out")
        await outputs.stop()
        store.close()

    def _app(self, intake: Intake) -> BatchApp:
        settings = self._settings
        app = BatchApp(
            settings.kafka.group,
            broker=[f"kafka://{server.strip()}" for server in settings.kafka.brokers.split(",")],
            store="memory://",
            # Faust creates a folder for the state of tables; we have none.
            datadir=tempfile.gettempdir(),
            autodiscover=False,
            web_enabled=False,
            topic_disable_leader=True,
            topic_allow_declare=False,
            consumer_auto_offset_reset="earliest",
            broker_commit_interval=_COMMIT_S,
            broker_max_poll_records=settings.worker.fetch_records,
            consumer_max_fetch_size=settings.worker.partition_fetch_bytes,
            # A worker that waits for ClickHouse polls nothing for hours and must stay in the group.
            broker_max_poll_interval=86_400.0,
            broker_session_timeout=settings.kafka.session_s,
            # Faust wants it longer than a session.
            broker_request_timeout=settings.kafka.session_s + 15,
            broker_rebalance_timeout=60.0,
            stream_wait_empty=True,
            # It counts batches, not records.
            stream_buffer_maxsize=4,
        )
        app.chunk_size = settings.worker.chunk
        app.fetch_bytes = settings.worker.fetch_bytes
        stop_s, brokers = settings.worker.stop_s, settings.kafka.brokers

        async def hand_over() -> None:
            # Faust asks more than once when it stops; the time a stop may take is there once. And what
            # failed for good would fail here again.
            if self._gave_up or self._failure is not None:
                return
            try:
                async with asyncio.timeout(stop_s):
                    await intake.flush(_Positions(app, brokers))
            except TimeoutError:
                self._gave_up = self._stop.is_set()
                log.warning("hand_over_timed_out", after_s=stop_s)
            except EarshotError as error:
                log.warning("hand_over_failed", what=error.what, cure=error.cure)

        async def given_up(tps: frozenset[TopicPartition]) -> None:
            intake.give_up(tps)

        app.hand_over = hand_over
        app.given_up = given_up
        # One agent, one instance: order within a partition is the order of the log.
        source = app.topic(
            *(topic.name for topic in INPUTS),
            key_serializer="raw",
            value_serializer="raw",
            key_type=bytes,
            value_type=None,
        )

        @app.agent(source, name="intake", concurrency=1)
        async def take(stream: Any) -> None:
            async for event in stream.noack().events():
                # A batch fetched before a rebalance belongs to somebody else now.
                if event.value.generation == app.consumer_generation_id:
                    await self._guard(intake.take(event.value, _Positions(app, brokers)))
                event.ack()

        @app.task  # type: ignore[untyped-decorator]  # Faust has no types for it
        async def flush() -> None:
            while not app.should_stop:
                await asyncio.sleep(settings.worker.flush_s / 4)
                await self._guard(intake.flush_if_due(_Positions(app, brokers)))

        return app

    async def _guard(self, work: Any) -> None:
        """Run a step. Nothing but cancellation may leave an agent: the worker stops instead."""
        try:
            await work
        except Exception as error:
            if self._failure is None:
                self._failure = error
            self._stop.set()
            await asyncio.Event().wait()


def _progress(app: BatchApp) -> Mapping[TopicPartition, Progress]:
    consumer: Any = app.consumer if app.started else None
    return {} if consumer is None else consumer.progress()


@asynccontextmanager
async def _served(pages: Pages, settings: Settings) -> AsyncIterator[None]:
    """Answer probes, if there is a port for them; from before Kafka and ClickHouse answer."""
    worker = settings.worker
    if not worker.web_port:
        yield
        return
    async with served(pages, worker.web_host, worker.web_port):
        yield


class _Positions:
    """The consumer of an app, as the intake sees it."""

    def __init__(self, app: BatchApp, brokers: str) -> None:
        self._consumer: Any = app.consumer
        self._brokers = brokers

    def mark_durable(self, tp: TopicPartition, position: int) -> None:
        self._consumer.mark_durable(tp, position)

    def owns(self, tp: TopicPartition) -> bool:
        return bool(self._consumer.owns(tp))

    def began(self) -> Mapping[TopicPartition, int]:
        found: Mapping[TopicPartition, int] = self._consumer.began()
        return found

    def committed(self, tp: TopicPartition) -> int | None:
        offset: int | None = self._consumer.committed_offset(tp)
        return offset

    def log_began(self, tp: TopicPartition) -> int | None:
        offset: int | None = self._consumer.log_began(tp)
        return offset

    async def log_start(self, tp: TopicPartition) -> int:
        return int(await self._consumer.log_start(tp))

    async def rewind(self, tp: TopicPartition, offset: int) -> None:
        await self._consumer.rewind(TP(*tp), offset)

    async def pause(self, tp: TopicPartition) -> None:
        await self._consumer.hold(TP(*tp))

    async def resume(self, tp: TopicPartition) -> None:
        await self._consumer.let_go(TP(*tp))

    async def record_at(self, tp: TopicPartition, offset: int) -> LogRecord | None:
        return await record_at(self._brokers, tp, offset)


def _as_earshot_error(failure: BaseException) -> BaseException:
    if isinstance(failure, EarshotError):
        return failure
    return StreamError(
        f"The worker stopped on an unexpected {type(failure).__name__}.",
        cure="Nothing is lost: start it again. The log has the details.",
    ).with_traceback(failure.__traceback__)
