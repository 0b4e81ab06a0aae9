"""Every error this project raises on purpose.

    EarshotError
    ├── ConfigError        a setting, mapping or definition file is wrong
    ├── SchemaError        a schema, or bytes that should follow one
    ├── SinkError          ClickHouse refused or lost something
    ├── StreamError        Kafka, or the worker around it
    └── LocalError         a local part (Java, Maven, a port, the disk) is missing

A message names what happened, where, and the cure. `EarshotError.exit_code` is what the command
line ends with. Nothing here ever carries a comment, a customer id or any other personal data.
"""

from __future__ import annotations

__all__ = [
    "ConfigError",
    "EarshotError",
    "LocalError",
    "SchemaError",
    "SinkError",
    "StreamError",
]


class EarshotError(Exception):
    """An expected failure: `what` happened, and the `cure` for it."""

    exit_code = 1

    def __init__(self, what: str, *, cure: str = "") -> None:
        self.what = what
        self.cure = cure
        super().__init__(f"{what} {cure}".strip())


class ConfigError(EarshotError):
    """A setting, a mapping or a definition file cannot be used as it is."""

    exit_code = 3


class SchemaError(EarshotError):
    """A schema is missing, incompatible or does not fit the bytes."""

    exit_code = 5


class SinkError(EarshotError):
    """ClickHouse is unreachable, refuses, or holds something unexpected."""

    exit_code = 4


class StreamError(EarshotError):
    """Kafka is unreachable or refuses, or the worker cannot go on."""

    exit_code = 4


class LocalError(EarshotError):
    """Something this machine needs for the local parts is missing or taken."""

    exit_code = 4
