"""`earshot status`: how the local parts are."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from streams.cli.up import HomeOption, local_config

if TYPE_CHECKING:
    from deploy.local.part import PartStatus

__all__ = ["NOT_ALL_RUNNING", "status"]

NOT_ALL_RUNNING = 4
"""The exit code when a part is stopped or does not answer."""

_KIB = 1024
_COLUMNS = ("part", "state", "pid", "address", "uptime", "data")


def status(
    home: HomeOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")] = False,
) -> None:
    """Show how the local parts are. Ends with 0 only if all of them run and answer."""
    from streams.cli.console import print_table
    from streams.settings import load_settings

    config = local_config(load_settings(), home)
    from deploy.local.parts import part_statuses

    parts = part_statuses(config)
    if as_json:
        answer = {"home": str(config.home), "parts": [asdict(part) for part in parts]}
        typer.echo(json.dumps(answer, indent=2))
    else:
        print_table("", _COLUMNS, [_cells(part) for part in parts])
    if any(part.state != "running" for part in parts):
        raise typer.Exit(NOT_ALL_RUNNING)


def _cells(part: PartStatus) -> tuple[str, ...]:
    return (
        part.name,
        part.state,
        "-" if part.pid is None else str(part.pid),
        part.address,
        "-" if part.uptime_s is None else _duration(part.uptime_s),
        _size(part.data_bytes),
    )


def _duration(seconds: float) -> str:
    """Write a duration with its two largest units.

    >>> _duration(59.9), _duration(3725), _duration(90000)
    ('59s', '1h 2m', '1d 1h')
    """
    rest = int(seconds)
    parts: list[str] = []
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        count, rest = divmod(rest, length)
        if count or (unit == "s" and not parts):
            parts.append(f"{count}{unit}")
    return " ".join(parts[:2])


def _size(count: float) -> str:
    """Write a number of bytes with a binary unit.

    >>> _size(0), _size(2048), _size(5 * 1024**3)
    ('0 B', '2.0 KiB', '5.0 GiB')
    """
    if count < _KIB:
        return f"{count:.0f} B"
    for unit in ("KiB", "MiB", "GiB"):
        count /= _KIB
        if count < _KIB:
            return f"{count:.1f} {unit}"
    return f"{count / _KIB:.1f} TiB"
