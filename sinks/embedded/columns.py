"""How long a column is: the layout of ClickHouse types in the Native format.

The server passes blocks on as they are, so it only has to know where a column ends.
A layout moves a `Tape` past one column and decodes nothing but the lengths in it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final, Protocol

from sinks.embedded import limits
from sinks.embedded.faults import BrokenPacketError, EngineError
from sinks.embedded.tape import Tape

__all__ = ["Layout", "layout_of", "split_arguments"]

_FIXED: Final = {
    **{f"{sign}Int{bits}": bits // 8 for sign in ("", "U") for bits in (8, 16, 32, 64, 128, 256)},
    "Float32": 4, "Float64": 8, "BFloat16": 2,
    "Date": 2, "Date32": 4, "DateTime": 4, "DateTime64": 8, "Time": 4, "Time64": 8,
    "Enum8": 1, "Enum16": 2, "Bool": 1, "UUID": 16, "IPv4": 4, "IPv6": 16, "Nothing": 1,
    "Decimal32": 4, "Decimal64": 8, "Decimal128": 16, "Decimal256": 32,
}  # fmt: skip
_ALIASES: Final = {
    "Point": "Tuple(Float64, Float64)",
    "Ring": "Array(Point)",
    "LineString": "Array(Point)",
    "MultiLineString": "Array(LineString)",
    "Polygon": "Array(Ring)",
    "MultiPolygon": "Array(Polygon)",
}
# Digits a Decimal(P, S) holds, and its width in bytes.
_DECIMALS: Final = ((9, 4), (18, 8), (38, 16), (76, 32))
_HEAD: Final = re.compile(r"\s*([A-Za-z_]\w*)\s*(?:\((.*)\))?\s*", re.DOTALL)
_NAMED: Final = re.compile(r"\s*(?:`(?:[^`\\]|\\.)*`|[A-Za-z_]\w*)\s+(?=[A-Z])(.*)", re.DOTALL)
_KEY_WIDTHS: Final = (1, 2, 4, 8)


class Layout(Protocol):
    """A column's shape: first every state prefix of the tree, then the values."""

    def prefix(self, tape: Tape) -> None:
        """Move past the state prefixes."""

    def values(self, tape: Tape, rows: int) -> None:
        """Move past the values of `rows` rows."""


class Fixed:
    """A value of always the same width."""

    def __init__(self, width: int) -> None:
        self.width = width

    def prefix(self, tape: Tape) -> None:
        """Nothing."""

    def values(self, tape: Tape, rows: int) -> None:
        """Rows times the width."""
        tape.skip(rows * self.width)


class Text:
    """String: each value with its length."""

    def prefix(self, tape: Tape) -> None:
        """Nothing."""

    def values(self, tape: Tape, rows: int) -> None:
        """A length and the bytes, row after row."""
        tape.skip_strings(rows)


class Nullable:
    """A byte a row that tells NULL, then the values of all rows."""

    def __init__(self, inner: Layout) -> None:
        self.inner = inner

    def prefix(self, tape: Tape) -> None:
        """The inner one's."""
        self.inner.prefix(tape)

    def values(self, tape: Tape, rows: int) -> None:
        """The map of NULLs, then the values."""
        tape.skip(rows)
        self.inner.values(tape, rows)


class Array:
    """The end of each row's array as UInt64, then the elements of all rows."""

    def __init__(self, inner: Layout) -> None:
        self.inner = inner

    def prefix(self, tape: Tape) -> None:
        """The inner one's."""
        self.inner.prefix(tape)

    def values(self, tape: Tape, rows: int) -> None:
        """The offsets, then as many elements as the last one says."""
        if not rows:
            return
        tape.skip(rows * 8)
        count = tape.offset_at(tape.pos - 8)
        if count > limits.MAX_BLOCK_ROWS:
            raise BrokenPacketError(f"A block claims {count} array elements.")
        self.inner.values(tape, count)


class Product:
    """Tuple: one column after the other."""

    def __init__(self, inner: list[Layout]) -> None:
        self.inner = inner

    def prefix(self, tape: Tape) -> None:
        """Each element's, in order."""
        for each in self.inner:
            each.prefix(tape)

    def values(self, tape: Tape, rows: int) -> None:
        """Each element's column, in order; an empty tuple is one byte a row."""
        if not self.inner:
            tape.skip(rows)
        for each in self.inner:
            each.values(tape, rows)


class Dictionary:
    """LowCardinality: a dictionary of this block's values, and a key for each row."""

    def __init__(self, inner: Layout) -> None:
        self.inner = inner

    def prefix(self, tape: Tape) -> None:
        """The version of the key serialisation."""
        if tape.uint64() != 1:
            raise BrokenPacketError("A LowCardinality column uses an unknown serialisation.")

    def values(self, tape: Tape, rows: int) -> None:
        """The width of a key, the dictionary, and the keys."""
        if not rows:
            return
        width = tape.uint64() & 0xFF
        if width >= len(_KEY_WIDTHS):
            raise BrokenPacketError("A LowCardinality column has keys of an unknown width.")
        size = tape.uint64()
        if size > limits.MAX_BLOCK_ROWS:
            raise BrokenPacketError(f"A LowCardinality dictionary claims {size} values.")
        self.inner.values(tape, size)
        if tape.uint64() != rows:
            raise BrokenPacketError("A LowCardinality column has not one key for each row.")
        tape.skip(rows * _KEY_WIDTHS[width])


def split_arguments(text: str) -> list[str]:
    """Split the arguments of a type at top-level commas; quotes and brackets are respected."""
    parts: list[str] = []
    depth = start = index = 0
    while index < len(text):
        char = text[index]
        if char in "'`":
            index += 1
            while index < len(text) and text[index] != char:
                index += 2 if text[index] == "\\" else 1
        elif char == "(":
            depth += 1
        elif char == ")":
            depth -= 1
        elif char == "," and not depth:
            parts.append(text[start:index].strip())
            start = index + 1
        index += 1
    rest = text[start:].strip()
    return [*parts, rest] if rest or parts else []


@lru_cache(maxsize=4096)
def layout_of(name: str, depth: int = 0) -> Layout:
    """Return the layout of the type called `name`.

    Raises:
        EngineError: NOT_IMPLEMENTED for a type whose length only its own reader knows
            (JSON, Dynamic, Variant, AggregateFunction): cast it in the query.
    """
    found = _HEAD.fullmatch(name)
    if found is None or depth > limits.MAX_TYPE_DEPTH:
        raise BrokenPacketError("A column has an unreadable type.")
    head, inside = found[1], found[2] or ""
    if head in _FIXED:
        return Fixed(_FIXED[head])
    if head in _ALIASES:
        return layout_of(_ALIASES[head], depth + 1)
    if head.startswith("Interval"):
        return Fixed(8)
    if head == "String":
        return Text()
    arguments = split_arguments(inside)
    if head in ("FixedString", "Decimal"):
        return Fixed(_width(head, arguments))
    inner = [layout_of(each, depth + 1) for each in _inner_types(head, arguments)]
    if head in ("Tuple", "Nested"):
        return Array(Product(inner)) if head == "Nested" else Product(inner)
    if head == "Map":
        return Array(Product(inner))
    wraps: dict[str, Callable[[Layout], Layout]] = {
        "Array": Array,
        "Nullable": Nullable,
        "LowCardinality": Dictionary,
    }
    return wraps[head](inner[0]) if head in wraps else inner[0]


def _width(head: str, arguments: list[str]) -> int:
    if not arguments or not arguments[0].isdigit():
        raise BrokenPacketError(f"A column has a {head} type without its size.")
    size = int(arguments[0])
    if head == "FixedString":
        return size
    return next((width for digits, width in _DECIMALS if size <= digits), 32)


def _inner_types(head: str, arguments: list[str]) -> list[str]:
    """The types inside a composite one; a dictionary holds no map of NULLs of its own."""
    if head in ("Tuple", "Nested"):
        return [named[1] if (named := _NAMED.fullmatch(each)) else each for each in arguments]
    if head == "SimpleAggregateFunction":
        return arguments[1:2]
    expected = {"Map": 2, "Array": 1, "Nullable": 1, "LowCardinality": 1}.get(head)
    if expected is None:
        raise EngineError.named(
            "NOT_IMPLEMENTED",
            f"Type {head} cannot travel over this server's native protocol: "
            "cast it to String in the query, or ask over HTTP",
        )
    if len(arguments) != expected:
        raise BrokenPacketError(f"A column has a {head} type with {len(arguments)} arguments.")
    if head == "LowCardinality" and arguments[0].startswith("Nullable("):
        return [arguments[0].removeprefix("Nullable(").removesuffix(")")]
    return arguments
