"""The query of `earshot explain`: a measure, values of its dimensions, and a window."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from streams.explaining.periods import WINDOW_FORMS, window_of, written
from streams.reading import Window

__all__ = ["SHAPE", "Query", "pairs_of", "query_of"]

#: What a query looks like, for messages.
SHAPE = "MEASURE[:SCORE] [by NAME=VALUE,...] WINDOW"

_NAME = r"[A-Za-z_][\w.\-]*"
_VALUE = r'"(?:[^"\\]|\\.)*"' + r"|'(?:[^'\\]|\\.)*'|[^\s,\"']*"
_PAIR = re.compile(rf"\s*({_NAME})\s*=\s*({_VALUE})\s*")
_BARE = re.compile(r"[^\s,\"'\\]+")
_QUOTES = ('"', "'")


@dataclass(frozen=True, slots=True)
class Query:
    """What is to be explained. `name` may be short for a measure, with a score at its end.

    >>> str(query_of("csat.1-5 by touchpoint=delivery 2018-03-14"))
    'csat.1-5 by touchpoint=delivery 2018-03-14T00:00Z/2018-03-15T00:00Z'
    """

    name: str
    window: Window
    where: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        pairs = ",".join(f"{name}={_quoted(value)}" for name, value in self.where.items())
        by = f" by {pairs}" if pairs else ""
        return f"{self.name}{by} {written(self.window)}"


def query_of(text: str) -> Query:
    """Read a query.

    Raises:
        ValueError: It cannot be read. The message says which part, and what it may be.
    """
    name, _, rest = text.strip().partition(" ")
    rest = rest.strip()
    if not name or not rest:
        msg = (
            f"A query is {SHAPE}, for example csat.1-5 by touchpoint=delivery 2018-03-14T10:00/1h."
        )
        raise ValueError(msg)
    where: dict[str, str] = {}
    if re.match(r"by\s", rest, re.IGNORECASE):
        where, rest = _pairs(rest[2:])
    if not rest.strip():
        msg = f"A query ends with a window: {WINDOW_FORMS}."
        raise ValueError(msg)
    return Query(name, window_of(rest), where)


def pairs_of(text: str) -> dict[str, str]:
    r"""Read NAME=VALUE,NAME=VALUE. A value that is empty or holds blanks or commas is quoted.

    Raises:
        ValueError: It cannot be read.

    >>> pairs_of("channel=EMAIL, touchpoint='call centre'")
    {'channel': 'EMAIL', 'touchpoint': 'call centre'}
    """
    if not text.strip():
        return {}
    pairs, rest = _pairs(text)
    if rest:
        msg = f"{rest}: write NAME=VALUE,NAME=VALUE, with quotes around a value that holds blanks."
        raise ValueError(msg)
    return pairs


def _pairs(text: str) -> tuple[dict[str, str], str]:
    """Read pairs up to the first one that no comma follows; return them and the rest."""
    pairs: dict[str, str] = {}
    while True:
        match = _PAIR.match(text)
        if match is None:
            msg = f"{text.strip() or 'Nothing'}: after `by` comes NAME=VALUE,NAME=VALUE."
            raise ValueError(msg)
        if match[1] in pairs:
            msg = f"{match[1]} is there twice; it has one value."
            raise ValueError(msg)
        pairs[match[1]] = _unquoted(match[2])
        text = text[match.end() :]
        if not text.startswith(","):
            return pairs, text
        text = text[1:]


def _quoted(value: str) -> str:
    if _BARE.fullmatch(value):
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _unquoted(text: str) -> str:
    if text.startswith(_QUOTES):
        return re.sub(r"\\(.)", r"\1", text[1:-1], flags=re.DOTALL)
    return text
