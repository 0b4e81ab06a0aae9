"""`earshot down`: stop what `earshot up` started."""

from __future__ import annotations

import typer

from streams.cli.up import HomeOption, local_config

__all__ = ["down"]


def down(home: HomeOption = None) -> None:
    """Stop the Kafka and the ClickHouse of this home. The data stays."""
    from streams.settings import load_settings

    config = local_config(load_settings(), home)
    from deploy.local.parts import stop_parts

    stopped = stop_parts(config)
    for name in stopped:
        typer.echo(f"{name} stopped")
    if not stopped:
        typer.echo(f"Nothing runs in {config.home}")
