"""`earshot up`: start Kafka and ClickHouse on this machine."""

from __future__ import annotations

import importlib.util
import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from schemas.errors import LocalError

if TYPE_CHECKING:
    from deploy.local.config import LocalConfig
    from deploy.local.parts import LocalParts
    from streams.settings import Settings

__all__ = ["HomeOption", "local_config", "up"]

HomeOption = Annotated[
    Path | None,
    typer.Option(
        "--home",
        help="Folder of data, logs and pid files. Default: EARSHOT_HOME, the setting local.home, "
        "or the user's data folder.",
        show_default=False,
    ),
]


def up(home: HomeOption = None) -> None:
    """Start Kafka and ClickHouse on this machine, and return when both answer.

    They keep running until `earshot down`. What runs already is left alone.
    """
    from streams.settings import load_settings

    settings = load_settings()
    config = local_config(settings, home)
    from deploy.local.parts import start_parts

    parts, started = start_parts(config, say=typer.echo)
    typer.echo(_line("Kafka", parts.brokers, "Kafka" in started))
    access = parts.clickhouse
    addresses = f"{access.host}:{access.port}, HTTP {access.host}:{access.http_port}"
    typer.echo(_line("ClickHouse", addresses, "ClickHouse" in started))
    typer.echo(f"Home        {config.home}")
    typer.echo(f"Password    in {config.home / 'clickhouse.password'}, user {access.user}")
    typer.echo("Stop        earshot down")
    if differing := _exports(settings, config, parts):
        typer.echo("\nYour settings point elsewhere. To use these parts:")
        for variable, value in differing:
            typer.echo(f"  export {variable}={shlex.quote(value)}")


def local_config(settings: Settings, home: Path | None = None) -> LocalConfig:
    """Return what the local parts are told, from the settings and the environment.

    The home folder is `home`, or else `EARSHOT_HOME`, the setting `local.home`, or the user's data
    folder, in this order.

    Raises:
        LocalError: Earshot was installed without what the local parts need.
    """
    from deploy.local.config import LocalConfig, default_cache, default_home

    if importlib.util.find_spec("psutil") is None:
        raise LocalError(
            "Earshot was installed without its local parts.",
            cure="Run `pip install '.[local]'` in a checkout of Earshot.",
        )
    local, clickhouse = settings.local, settings.clickhouse
    if home is None and not os.environ.get("EARSHOT_HOME"):
        home = local.home
    # A password meant for a ClickHouse elsewhere has no business in a file of this home.
    is_local = clickhouse.host in {"127.0.0.1", "localhost", "::1"}
    return LocalConfig(
        home=home.expanduser().absolute() if home else default_home(),
        cache=default_cache(),
        kafka_port=local.kafka_port,
        controller_port=local.controller_port,
        kafka_heap_mb=local.kafka_heap_mb,
        clickhouse_port=local.clickhouse_port,
        clickhouse_http_port=local.clickhouse_http_port,
        user=clickhouse.user,
        password=clickhouse.password.get_secret_value() if is_local else "",
        start_s=local.start_s,
    )


def _line(name: str, address: str, is_new: bool) -> str:
    return f"{name:<11} {address} ({'started' if is_new else 'already running'})"


def _exports(settings: Settings, config: LocalConfig, parts: LocalParts) -> list[tuple[str, str]]:
    """Return the variables, with values, by which a worker would find these parts."""
    ours, theirs = settings.clickhouse, parts.clickhouse
    wanted = [
        ("EARSHOT_KAFKA__BROKERS", settings.kafka.brokers, parts.brokers),
        ("EARSHOT_CLICKHOUSE__HOST", ours.host, theirs.host),
        ("EARSHOT_CLICKHOUSE__PORT", str(ours.port), str(theirs.port)),
        ("EARSHOT_CLICKHOUSE__HTTP_PORT", str(ours.http_port), str(theirs.http_port)),
    ]
    differing = [(name, there) for name, here, there in wanted if here != there]
    if ours.password.get_secret_value() not in {"", theirs.password}:
        password_file = str(config.home / "clickhouse.password")
        differing.append(("EARSHOT_CLICKHOUSE__PASSWORD_FILE", password_file))
    return differing
