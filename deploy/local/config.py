"""What the local parts are told: plain values, no settings class and no environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["HOST", "LocalConfig", "default_cache", "default_home"]

HOST = "127.0.0.1"
"""The only address a local part ever listens on."""


@dataclass(frozen=True, slots=True)
class LocalConfig:
    """Where the local parts keep their files, and which ports they take.

    A ClickHouse port of 0 takes any free one. An empty `password` stands for a random one, which is
    made on the first start and kept in `clickhouse.password` in the home folder.
    """

    home: Path
    cache: Path
    kafka_port: int = 9092
    controller_port: int = 9093
    kafka_heap_mb: int = 512
    clickhouse_port: int = 9000
    clickhouse_http_port: int = 8123
    user: str = "earshot"
    password: str = field(default="", repr=False)
    start_s: float = 90.0
    stop_s: float = 20.0


def default_home(environ: Mapping[str, str] = os.environ) -> Path:
    """Return `EARSHOT_HOME`, or else the folder `earshot` in the user's data folder."""
    if chosen := environ.get("EARSHOT_HOME"):
        return Path(chosen).expanduser().absolute()
    return _xdg(environ, "XDG_DATA_HOME", ".local/share")


def default_cache(environ: Mapping[str, str] = os.environ) -> Path:
    """Return `EARSHOT_CACHE`, or else the folder `earshot` in the user's cache folder."""
    if chosen := environ.get("EARSHOT_CACHE"):
        return Path(chosen).expanduser().absolute()
    return _xdg(environ, "XDG_CACHE_HOME", ".cache")


def _xdg(environ: Mapping[str, str], variable: str, otherwise: str) -> Path:
    base = environ.get(variable, "")
    # The XDG specification: a relative path there is invalid and to be ignored.
    folder = Path(base) if base.startswith("/") else Path.home() / otherwise
    return folder / "earshot"
