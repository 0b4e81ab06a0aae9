"""The command line of the embedded server."""

from __future__ import annotations

import argparse
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from schemas.errors import ConfigError
from sinks.embedded.queries import Gate

__all__ = ["Options", "parse"]


@dataclass(frozen=True, slots=True)
class Options:
    """Where the server listens, what it serves and whom it lets in."""

    path: Path
    host: str
    port: int
    http_port: int
    gate: Gate
    database: str
    ready_file: Path


def parse(arguments: Sequence[str] | None = None) -> Options:
    """Read the command line.

    Raises:
        ConfigError: the address is not of this machine, or the password is missing.
    """
    parser = argparse.ArgumentParser(
        prog="python -m sinks.embedded",
        description="Serve a chDB data folder on this machine as a ClickHouse server.",
    )
    parser.add_argument("--path", type=Path, required=True, help="data folder")
    parser.add_argument("--host", default="127.0.0.1", help="a loopback address")
    parser.add_argument("--port", type=int, default=9000, help="native protocol; 0: any free port")
    parser.add_argument("--http-port", type=int, default=8123, help="HTTP; 0: any free port")
    parser.add_argument("--user", default="earshot", help="the one user")
    parser.add_argument("--database", default="default", help="where sessions start")
    parser.add_argument("--ready-file", type=Path, help="default: clickhouse.ready.json beside DIR")
    login = parser.add_mutually_exclusive_group(required=True)
    login.add_argument("--password-file", type=Path, help="file that holds the password")
    login.add_argument("--no-auth", action="store_true", help="let every user in, for tests")
    given = parser.parse_args(arguments)
    path = given.path.absolute()
    if set(str(path)) & set("?&"):
        raise ConfigError("The data folder has a ? or & in its name.", cure="Rename it.")
    password = None if given.no_auth else _password(given.password_file)
    return Options(
        path=path,
        host=_loopback(given.host),
        port=given.port,
        http_port=given.http_port,
        gate=Gate(given.user, password),
        database=given.database,
        ready_file=given.ready_file or path.parent / "clickhouse.ready.json",
    )


def _loopback(host: str) -> str:
    name = "127.0.0.1" if host == "localhost" else host
    try:
        if ipaddress.ip_address(name).is_loopback:
            return name
    except ValueError:
        pass
    raise ConfigError(
        f"The embedded ClickHouse listens on this machine only, not on {host}.",
        cure="Use --host 127.0.0.1, or run a ClickHouse server for others to reach.",
    )


def _password(file: Path) -> str:
    try:
        password = file.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"The password file {file} cannot be read.", cure="Write the password into it."
        ) from error
    if not password:
        raise ConfigError(
            f"The password file {file} is empty.",
            cure="Write the password into it, or start with --no-auth for tests.",
        )
    return password
