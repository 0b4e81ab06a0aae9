"""The errors of the embedded server: ClickHouse's codes, and broken packets."""

from __future__ import annotations

import re
from typing import Final

from schemas.errors import SinkError

__all__ = ["CODES", "BrokenPacketError", "EngineError"]

CODES: Final = {
    "UNSUPPORTED_METHOD": 1,
    "UNKNOWN_FORMAT": 73,
    "UNKNOWN_SETTING": 115,
    "BAD_ARGUMENTS": 36,
    "NOT_IMPLEMENTED": 48,
    "SYNTAX_ERROR": 62,
    "UNEXPECTED_PACKET_FROM_CLIENT": 101,
    "READONLY": 164,
    "TOO_MANY_SIMULTANEOUS_QUERIES": 202,
    "QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING": 216,
    "SESSION_NOT_FOUND": 372,
    "SESSION_IS_LOCKED": 373,
    "QUERY_WAS_CANCELLED": 394,
    "AUTHENTICATION_FAILED": 516,
    "TOO_LARGE_STRING_SIZE": 131,
    "LOGICAL_ERROR": 49,
}
_SHAPE = re.compile(r"Code: (\d+)\. DB::(?:\w+::)*\w*Exception: (.*)", re.DOTALL)


class EngineError(SinkError):
    """ClickHouse's own refusal: `code` is its error code, `text` its message without the code."""

    def __init__(self, code: int, text: str) -> None:
        self.code = code
        self.text = text
        super().__init__(f"Code: {code}. DB::Exception: {text}")

    @classmethod
    def named(cls, name: str, text: str) -> EngineError:
        """Build the error ClickHouse calls `name`; raises KeyError for a name not in CODES."""
        return cls(CODES[name], f"{text} ({name})")

    @classmethod
    def parsed(cls, message: str) -> EngineError:
        """Read what chDB raised. Text without a code becomes LOGICAL_ERROR, never lost."""
        found = _SHAPE.search(message)
        if found is None:
            return cls.named("LOGICAL_ERROR", message.strip() or "the engine gave no reason")
        return cls(int(found[1]), found[2].strip())


class BrokenPacketError(SinkError):
    """Bytes from a client that follow no protocol, or exceed a limit: its connection is closed."""
