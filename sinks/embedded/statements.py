"""What a server must know of a statement before the engine runs it.

ClickHouse's clients render formats and send the data of an INSERT themselves, so over the native
protocol a server ignores FORMAT and INTO OUTFILE; chDB would obey them. This is a lexer, not a
parser: the engine judges the syntax.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

__all__ = ["InsertHead", "Statement", "read_statement"]

_TOKEN: Final = re.compile(
    r"""(?P<skip>\s+|--[^\n]*|\#[!\ ][^\n]*|/\*.*?\*/)
      |(?P<word>[A-Za-z_]\w*)
      |(?P<quoted>'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*"|`(?:[^`\\]|\\.|``)*`)
      |(?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
_DEPTH: Final = {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}
_READS: Final = frozenset(
    "SELECT WITH SHOW DESC DESCRIBE EXPLAIN EXISTS CHECK ( VALUES FROM".split()  # noqa: SIM905 - easier to read
)
_ENDS_OUTFILE: Final = frozenset({"FORMAT", "SETTINGS", ";"})


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    start: int
    end: int
    depth: int

    @property
    def word(self) -> str:
        return self.text.upper()


@dataclass(frozen=True, slots=True)
class InsertHead:
    """An INSERT whose data travels apart from its text.

    `sql` ends before VALUES or FORMAT; `target` is the table or function, as written; `names` are
    the columns as written between the brackets, or None; `data_at` is where inline data starts
    in the text (its length when there is none).
    """

    sql: str
    target: str
    is_function: bool
    names: str | None
    format: str
    data_at: int


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement: its first `keyword`, and its text without FORMAT and INTO OUTFILE."""

    sql: str
    keyword: str
    format: str | None = None
    to_file: bool = False
    insert: InsertHead | None = None

    @property
    def streams(self) -> bool:
        """Whether the engine can answer it piece by piece."""
        return self.keyword in ("SELECT", "WITH", "(", "FROM")

    @property
    def reads(self) -> bool:
        """Whether it starts like a statement that changes nothing."""
        return self.keyword in _READS


def _tokens(sql: str) -> Iterator[_Token]:
    depth = 0
    for found in _TOKEN.finditer(sql):
        if found.lastgroup == "skip":
            continue
        step = _DEPTH.get(found[0], 0) if found.lastgroup == "other" else 0
        depth += min(step, 0)
        yield _Token(found[0], found.start(), found.end(), depth)
        depth += max(step, 0)


def read_statement(sql: str) -> Statement:
    """Look at one statement; its syntax is not judged here."""
    tokens = _tokens(sql)
    first = next(tokens, None)
    keyword = first.word if first else ""
    if keyword == "INSERT":
        head = _insert_head(sql, tokens)
        return Statement(sql, keyword, insert=head)
    if not re.search(r"\b(?:FORMAT|OUTFILE)\b", sql, re.IGNORECASE):
        return Statement(sql, keyword)
    return _without_output(sql, keyword, [*tokens])


def _without_output(sql: str, keyword: str, tokens: list[_Token]) -> Statement:
    """Cut `INTO OUTFILE ...` and `FORMAT name` off the end, and leave SETTINGS in place."""
    cuts: list[tuple[int, int]] = []
    format_name = None
    to_file = False
    top = [token for token in tokens if token.depth == 0]
    for index, token in enumerate(top):
        following = top[index + 1] if index + 1 < len(top) else None
        if following is None:
            break
        if token.word == "FORMAT" and following.text.isidentifier() and _ends(top, index + 2):
            format_name = following.text
            cuts.append((token.start, following.end))
        elif token.word == "INTO" and following.word == "OUTFILE":
            to_file = True
            rest = (each.start for each in top[index + 2 :] if each.word in _ENDS_OUTFILE)
            cuts.append((token.start, next(rest, len(sql))))
    for start, end in reversed(cuts):
        sql = f"{sql[:start]} {sql[end:]}"
    return Statement(sql, keyword, format_name, to_file)


def _ends(top: list[_Token], index: int) -> bool:
    return index >= len(top) or top[index].word in ("SETTINGS", ";")


def _insert_head(sql: str, tokens: Iterator[_Token]) -> InsertHead | None:
    """Read `INTO [TABLE] [FUNCTION] target [(names)] ... VALUES | FORMAT name`; None: a SELECT."""
    token = next(tokens, None)
    while token is not None and token.word in ("INTO", "TABLE"):
        token = next(tokens, None)
    is_function = token is not None and token.word == "FUNCTION"
    if is_function:
        token = next(tokens, None)
    if token is None:
        return None
    start, end = token.start, token.end
    names: str | None = None
    opened: int | None = None
    called = not is_function
    for token in tokens:
        if token.depth:
            continue
        if token.word in ("SELECT", "WITH", "FROM", "WATCH", "EXPLAIN"):
            return None
        if token.word in ("VALUES", "FORMAT"):
            return _at_data(
                sql, token, tokens, target=sql[start:end], is_function=is_function, names=names
            )
        if token.text == "(":
            opened = token.end
        elif token.text == ")" and opened is not None:
            if not called:
                called, end = True, token.end
            elif names is None:
                names = sql[opened : token.start]
            opened = None
        elif token.text == "." or sql[token.start - 1 : token.start] == ".":
            end = token.end
    return None


def _at_data(
    sql: str,
    token: _Token,
    tokens: Iterator[_Token],
    *,
    target: str,
    is_function: bool,
    names: str | None,
) -> InsertHead:
    name, end = "Values", token.end
    if token.word == "FORMAT":
        following = next(tokens, None)
        name, end = (following.text, following.end) if following else ("", len(sql))
    return InsertHead(sql[: token.start], target, is_function, names, name, end)
