"""The packets of ClickHouse's native protocol, as a server reads and writes them.

The revision in force is the smaller of both sides'. This server's is 54459, the first that
carries query parameters; what later ones add is never sent to it nor expected from it.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from clickhouse_driver.settings.available import settings as known_settings
from clickhouse_driver.settings.types import SettingUInt64

from sinks.embedded import limits
from sinks.embedded.faults import BrokenPacketError, EngineError
from sinks.embedded.tape import Tape, pack_string, pack_varint

__all__ = [
    "ADDENDUM",
    "EVENTS_IN_INSERT",
    "SERVER_REVISION",
    "WRITE_INFO",
    "ClientPacket",
    "Hello",
    "Query",
    "ServerPacket",
    "exception",
    "hello_answer",
    "profile_info",
    "progress",
    "read_hello",
    "read_query",
]

SERVER_REVISION: Final = 54459
_CLIENT_INFO: Final = 54032
_TIMEZONE: Final = 54058
_QUOTA_KEY: Final = 54060
_DISPLAY_NAME: Final = 54372
_VERSION_PATCH: Final = 54401
WRITE_INFO: Final = 54420
_SETTINGS_AS_STRINGS: Final = 54429
_INTERSERVER_SECRET: Final = 54441
_OPENTELEMETRY: Final = 54442
_DISTRIBUTED_DEPTH: Final = 54448
_START_TIME: Final = 54449
_PARALLEL_REPLICAS: Final = 54453
EVENTS_IN_INSERT: Final = 54456
ADDENDUM: Final = 54458
_PARAMETERS: Final = 54459
_OVER_TCP: Final = 1
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)
_ESCAPES: Final = dict(zip("bfrnt0av", "\b\f\r\n\t\0\a\v", strict=True))
_IMPORTANT: Final = 1


class ClientPacket(IntEnum):
    """What a client sends."""

    HELLO = 0
    QUERY = 1
    DATA = 2
    CANCEL = 3
    PING = 4


class ServerPacket(IntEnum):
    """What a server sends."""

    HELLO = 0
    DATA = 1
    EXCEPTION = 2
    PROGRESS = 3
    PONG = 4
    END_OF_STREAM = 5
    PROFILE_INFO = 6
    TOTALS = 7
    EXTREMES = 8
    PROFILE_EVENTS = 14


@dataclass(frozen=True, slots=True)
class Hello:
    """Who connects; `revision` is the one in force from here on."""

    client: str
    revision: int
    database: str
    user: str
    password: str


@dataclass(frozen=True, slots=True)
class Query:
    """A statement with everything that came along with it."""

    query_id: str
    settings: dict[str, str]
    important: frozenset[str]
    compressed: bool
    sql: str
    params: dict[str, str]


def read_hello(tape: Tape) -> Hello:
    """Read the first packet; raises BrokenPacketError for anything else, EOFError."""
    if tape.varint() != ClientPacket.HELLO:
        raise BrokenPacketError("The first packet is not a hello of ClickHouse's native protocol.")
    client = tape.string(limits.MAX_HELLO_STRING)
    tape.varint()
    tape.varint()
    revision = min(tape.varint(), SERVER_REVISION)
    if revision < _CLIENT_INFO:
        raise BrokenPacketError(f"The client's protocol revision {revision} is too old.")
    database, user, password = (tape.string(limits.MAX_HELLO_STRING) for _ in range(3))
    return Hello(client, revision, database, user, password)


def hello_answer(revision: int, version: str, timezone: str) -> bytes:
    """Encode the server's hello; `version` is dotted, as ClickHouse reports it."""
    major, minor, patch, *_ = (int(part) for part in f"{version}.0.0".split("."))
    parts = [
        pack_varint(ServerPacket.HELLO),
        pack_string("ClickHouse"),
        pack_varint(major),
        pack_varint(minor),
        pack_varint(SERVER_REVISION),
    ]
    if revision >= _TIMEZONE:
        parts.append(pack_string(timezone))
    if revision >= _DISPLAY_NAME:
        parts.append(pack_string("embedded"))
    if revision >= _VERSION_PATCH:
        parts.append(pack_varint(patch))
    return b"".join(parts)


def read_query(tape: Tape, revision: int) -> Query:
    """Read a query packet after its type.

    Raises:
        BrokenPacketError: a limit is exceeded, or a setting cannot be read.
        EOFError: the client went away.
    """
    query_id = tape.string(limits.MAX_NAME_BYTES)
    _skip_client_info(tape, revision)
    settings, important = _read_settings(tape, as_strings=revision >= _SETTINGS_AS_STRINGS)
    if revision >= _INTERSERVER_SECRET:
        tape.raw_string(limits.MAX_NAME_BYTES)
    tape.varint()  # the stage: only a cluster asks for less than the complete answer
    compressed = bool(tape.varint())
    sql = tape.raw_string(limits.MAX_QUERY_BYTES).decode(errors="surrogateescape")
    params: dict[str, str] = {}
    if revision >= _PARAMETERS:
        quoted, _ = _read_settings(tape, as_strings=True)
        params = {name: _unquoted(value) for name, value in quoted.items()}
    return Query(query_id, settings, important, compressed, sql, params)


def _skip_client_info(tape: Tape, revision: int) -> None:
    if not tape.byte():
        return
    for _ in range(3):  # initial user, query id and address
        tape.raw_string(limits.MAX_NAME_BYTES)
    if revision >= _START_TIME:
        tape.skip(8)
    if tape.byte() != _OVER_TCP:
        raise BrokenPacketError("A query says it did not come over TCP.")
    for _ in range(3):  # system user, host and client name
        tape.raw_string(limits.MAX_NAME_BYTES)
    for _ in range(3):  # version and revision
        tape.varint()
    if revision >= _QUOTA_KEY:
        tape.raw_string(limits.MAX_NAME_BYTES)
    if revision >= _DISTRIBUTED_DEPTH:
        tape.varint()
    if revision >= _VERSION_PATCH:
        tape.varint()
    if revision >= _OPENTELEMETRY and tape.byte():
        tape.skip(16 + 8)
        tape.raw_string(limits.MAX_NAME_BYTES)
        tape.skip(1)
    if revision >= _PARALLEL_REPLICAS:
        for _ in range(3):
            tape.varint()


def _read_settings(tape: Tape, *, as_strings: bool) -> tuple[dict[str, str], frozenset[str]]:
    """Read names and values up to an empty name; old clients send each in its own type."""
    values: dict[str, str] = {}
    important: set[str] = set()
    while name := tape.string(limits.MAX_NAME_BYTES):
        if len(values) >= limits.MAX_SETTINGS:
            raise BrokenPacketError(f"A query has more than {limits.MAX_SETTINGS} settings.")
        if as_strings:
            if tape.varint() & _IMPORTANT:
                important.add(name)
            values[name] = tape.string(limits.MAX_SETTING_BYTES)
            continue
        kind = known_settings.get(name)
        if kind is None:
            raise BrokenPacketError(
                f"The client sent the setting {name[:100]} in a form that needs its type."
            )
        numeric = issubclass(kind, SettingUInt64) or kind.__name__ == "SettingBool"
        values[name] = str(tape.varint()) if numeric else tape.string(limits.MAX_SETTING_BYTES)
    return values, frozenset(important)


def _unquoted(value: str) -> str:
    """Read the literal that carries a parameter; the text in it is escaped once more."""
    if len(value) > 1 and value[0] == value[-1] == "'":
        return _ESCAPED.sub(lambda found: _ESCAPES.get(found[1], found[1]), value[1:-1])
    return value


def exception(fault: EngineError) -> bytes:
    """Encode an exception packet without a stack trace."""
    return (
        pack_varint(ServerPacket.EXCEPTION)
        + struct.pack("<i", fault.code)
        + pack_string("DB::Exception")
        + pack_string(f"DB::Exception: {fault.text}")
        + pack_string("")
        + b"\x00"
    )


def progress(revision: int, rows: int, size: int, written: int = 0) -> bytes:
    """Encode how much was read (`rows`, `size` bytes) and how many rows were written."""
    parts = [ServerPacket.PROGRESS, rows, size, 0]
    if revision >= WRITE_INFO:
        parts += [written, 0]
    return b"".join(pack_varint(part) for part in parts)


def profile_info(rows: int, blocks: int, size: int) -> bytes:
    """Encode the size of an answer; no limit is told.

    The last byte says that the rows before a LIMIT are counted: the client of 2018 goes on to
    count them itself when they are not, and crashes.
    """
    head = b"".join(pack_varint(part) for part in (ServerPacket.PROFILE_INFO, rows, blocks, size))
    return head + b"\x00" + pack_varint(0) + b"\x01"
