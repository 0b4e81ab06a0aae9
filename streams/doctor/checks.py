"""Everything the doctor looks at, in the order it is told."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from schemas.registry import HttpRegistry, Registry
from streams.doctor.broker import broker_answers, lag, topics_as_declared
from streams.doctor.contracts import schemas_fit
from streams.doctor.engine import engine_runs
from streams.doctor.examining import Check
from streams.doctor.finding import Unmeasured
from streams.doctor.store import Store
from streams.settings import Settings
from streams.wiring import address_of, measures_of, registry_of

if TYPE_CHECKING:
    from deploy.local.config import LocalConfig

__all__ = ["checks_of"]


def checks_of(
    settings: Settings, local: Callable[[], LocalConfig | None], *, limit_s: float
) -> list[Check]:
    """Return every check for some settings.

    Args:
        settings: Where everything is.
        local: Gives the home of the local parts, None where Earshot was installed without them.
        limit_s: Seconds each may take.
    """
    brokers = settings.kafka.brokers
    # Below the limit of a check, so that what does not answer is named by its own message.
    patience_s = limit_s * 0.8
    store = Store(address_of(settings), limit_s=patience_s)
    return [
        Check("broker", partial(broker_answers, brokers, limit_s=patience_s)),
        Check("topics", partial(topics_as_declared, brokers), needs=("broker",)),
        Check(
            "lag",
            partial(lag, brokers, settings.kafka.group, limit_s=patience_s),
            needs=("topics",),
        ),
        Check("schemas", lambda: schemas_fit(_registry(settings, patience_s))),
        Check("measures", partial(_measures, settings)),
        Check("clickhouse", store.answers),
        Check("migrations", store.migrated, needs=("clickhouse",)),
        Check("writing", store.writable, needs=("migrations",)),
        Check(
            "rules",
            lambda: store.rules_current(measures_of(settings), settings.scores),
            needs=("migrations", "measures"),
        ),
        Check("flush", store.flushed, needs=("migrations",)),
        Check("clock", store.clock, needs=("clickhouse",)),
        Check("engine", partial(_engine, settings, local)),
    ]


def _measures(settings: Settings) -> str:
    measures = measures_of(settings)
    scores = sum(len(measure.scores) for measure in measures.measures)
    where = settings.scores.measures_file or "shipped with Earshot"
    return (
        f"version {measures.version} ({where}), {len(measures.measures)} measures, {scores} scores"
    )


def _registry(settings: Settings, limit_s: float) -> Registry:
    registry = settings.registry
    if not registry.url:
        return registry_of(settings)
    return HttpRegistry(
        registry.url,
        user=registry.user,
        password=registry.password.get_secret_value(),
        timeout_s=min(limit_s, registry.timeout_s),
    )


def _engine(settings: Settings, local: Callable[[], LocalConfig | None]) -> str | Unmeasured:
    if settings.clickhouse.host not in ("127.0.0.1", "::1", "localhost"):
        return Unmeasured(f"ClickHouse is elsewhere: {settings.clickhouse.host}")
    config = local()
    if config is None:
        return Unmeasured("Earshot was installed without its local parts")
    return engine_runs(config, settings.clickhouse.port)
