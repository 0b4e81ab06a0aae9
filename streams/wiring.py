"""From settings to the parts they describe."""

from __future__ import annotations

from schemas.measures import Measures, load_measures
from schemas.registry import FileRegistry, Registry
from sinks.clickhouse import Address
from streams.settings import Settings

__all__ = ["address_of", "measures_of", "registry_of"]


def address_of(settings: Settings) -> Address:
    """Return where ClickHouse is."""
    clickhouse = settings.clickhouse
    return Address(
        host=clickhouse.host,
        port=clickhouse.port,
        user=clickhouse.user,
        password=clickhouse.password.get_secret_value(),
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
