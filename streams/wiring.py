"""From settings to the parts they describe."""

from __future__ import annotations

from schemas.definitions import load_measures
from schemas.measures import Measures
from schemas.registry import FileRegistry, Registry
from sinks.clickhouse import Address
from streams.scores import Thresholds
from streams.settings import Settings

__all__ = ["address_of", "measures_of", "registry_of", "thresholds_of"]

_LOOPBACK = ("127.0.0.1", "::1", "localhost")


def address_of(settings: Settings) -> Address:
    """Return where ClickHouse is."""
    clickhouse = settings.clickhouse
    password = clickhouse.password.get_secret_value()
    if not password and clickhouse.host in _LOOPBACK:
        # On a laptop the embedded server made its own password, and keeps it in its home folder.
        password = _local_password(settings)
    return Address(
        host=clickhouse.host,
        port=clickhouse.port,
        user=clickhouse.user,
        password=password,
        database=clickhouse.database,
        secure=clickhouse.secure,
        timeout_s=clickhouse.timeout_s,
    )


def registry_of(settings: Settings) -> Registry:
    """Return the schema registry: the files, or the one at `registry.url`."""
    registry = settings.registry
    if not registry.url:
        return FileRegistry()
    from schemas.registry.http import HttpRegistry  # noqa: PLC0415 - httpx is an extra

    return HttpRegistry(
        registry.url,
        user=registry.user,
        password=registry.password.get_secret_value(),
        timeout_s=registry.timeout_s,
    )


def measures_of(settings: Settings) -> Measures:
    """Return the measure definitions."""
    return load_measures(settings.scores.measures_file)


def thresholds_of(settings: Settings) -> Thresholds:
    """Return when a score may be shown, and how sure its interval is."""
    limits = settings.scores
    return Thresholds(limits.n_privacy, limits.n_stat, limits.confidence)


def _local_password(settings: Settings) -> str:
    from deploy.local.config import default_home  # noqa: PLC0415 - only where it may be used
    from deploy.local.home import Home  # noqa: PLC0415 - goes with default_home

    return Home(settings.local.home or default_home()).password() or ""
