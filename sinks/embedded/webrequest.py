"""What an HTTP request asks for: its parameters, its user, its statement."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

from sinks.embedded import limits
from sinks.embedded.faults import EngineError

__all__ = ["CONTENT_TYPES", "STREAMED_FORMATS", "Parameters", "credentials", "status_of"]

# Parameters of the interface itself; every other one is a setting.
_OWN: Final = frozenset(
    {
        "query", "database", "default_format", "session_id", "session_timeout", "session_check",
        "close_session", "query_id", "user", "password", "quota_key", "compress", "decompress",
        "wait_end_of_query", "buffer_size", "stacktrace", "role", "client_protocol_version",
    }
)  # fmt: skip
_TABLE_SUFFIXES: Final = ("_structure", "_types", "_format")
CONTENT_TYPES: Final = {
    "CSV": "text/csv; charset=UTF-8; header=absent",
    "CSVWithNames": "text/csv; charset=UTF-8; header=present",
    "TabSeparated": "text/tab-separated-values; charset=UTF-8",
    "TSV": "text/tab-separated-values; charset=UTF-8",
    "JSON": "application/json; charset=UTF-8",
    "JSONCompact": "application/json; charset=UTF-8",
    "JSONStrings": "application/json; charset=UTF-8",
    "JSONEachRow": "application/x-ndjson; charset=UTF-8",
    "Native": "application/octet-stream",
    "RowBinary": "application/octet-stream",
    "Parquet": "application/octet-stream",
    "Arrow": "application/octet-stream",
}
# The engine formats every piece as a whole: only these may be put one after the other.
STREAMED_FORMATS: Final = frozenset(
    {
        "TabSeparated", "TSV", "CSV", "JSONEachRow", "JSONLines", "NDJSON", "Native", "RowBinary",
        "JSONCompactEachRow", "JSONStringsEachRow", "TabSeparatedRaw", "TSVRaw", "LineAsString",
    }
)  # fmt: skip
_STATUS: Final = {
    400: {6, 26, 27, 36, 38, 41, 43, 44, 53, 62, 69, 70, 72, 117, 130, 131, 386, 427, 457},
    403: {192, 193, 516},
    404: {16, 46, 47, 50, 56, 60, 63, 73, 81, 115, 372},
    501: {48},
}


@dataclass(frozen=True, slots=True)
class Parameters:
    """A request's parameters, sorted by what they are for."""

    own: Mapping[str, str]
    settings: Mapping[str, str]
    params: Mapping[str, str]
    tables: Mapping[str, Mapping[str, str]]

    @classmethod
    def read(cls, query: str, fields: Iterable[tuple[str, str]] = ()) -> Parameters:
        """Sort the parameters of a URL and the plain fields of a form."""
        own: dict[str, str] = {}
        settings: dict[str, str] = {}
        params: dict[str, str] = {}
        tables: dict[str, dict[str, str]] = {}
        listed = parse_qsl(query, keep_blank_values=True, max_num_fields=limits.MAX_SETTINGS)
        for name, value in (*listed, *fields):
            suffix = next((each for each in _TABLE_SUFFIXES if name.endswith(each)), None)
            if name in _OWN:
                own[name] = value
            elif name.startswith("param_"):
                params[name.removeprefix("param_")] = value
            elif suffix is not None and name != "default_format":
                tables.setdefault(name.removesuffix(suffix), {})[suffix] = value
            else:
                settings[name] = value
        return cls(own, settings, params, tables)

    def flag(self, name: str) -> bool:
        """Tell whether a parameter of the interface is on."""
        return self.own.get(name, "0") in ("1", "true")

    def session_timeout_s(self) -> float:
        """Return how long the session is kept; raises EngineError for nonsense."""
        try:
            return float(self.own.get("session_timeout", limits.HTTP_SESSION_TIMEOUT_S))
        except ValueError as error:
            raise EngineError.named("BAD_ARGUMENTS", "session_timeout is not a number") from error


def credentials(headers: Mapping[str, str], own: Mapping[str, str]) -> tuple[str, str] | None:
    """Return the user and password of a request, or None when it names neither.

    Raises:
        EngineError: AUTHENTICATION_FAILED for an Authorization header that is not Basic.
    """
    given = headers.get("Authorization", "")
    if given:
        scheme, _, text = given.partition(" ")
        try:
            if scheme.lower() == "basic":
                user, _, password = base64.b64decode(text, validate=True).decode().partition(":")
                return user, password
        except (binascii.Error, UnicodeDecodeError):
            pass
        raise EngineError.named("AUTHENTICATION_FAILED", "Only Basic authentication is served.")
    user = headers.get("X-ClickHouse-User", own.get("user", ""))
    password = headers.get("X-ClickHouse-Key", own.get("password", ""))
    return (user, password) if user or password else None


def status_of(code: int) -> int:
    """Return the HTTP status ClickHouse answers with an error code."""
    return next((status for status, codes in _STATUS.items() if code in codes), 500)
