"""Values of files to values of Avro fields, by the kind of the field."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from streams.importing.contract import Field
from streams.importing.numbers import number_of, whole_of
from streams.importing.reasons import Refused
from streams.importing.times import TimeReader

__all__ = ["converter", "text_of"]

_FLAGS = {
    "true": True, "yes": True, "y": True, "t": True, "1": True,
    "false": False, "no": False, "n": False, "f": False, "0": False,
}  # fmt: skip


def text_of(value: Any) -> str:
    """Return the value as text, without white space around it.

    A float without a fraction loses its ".0": spreadsheets and data frames turn ids into floats.

    Raises:
        Refused: wrong_type or bad_encoding.

    >>> text_of(17.0)
    '17'
    """
    if isinstance(value, str):
        if not value.isascii():
            try:
                value.encode()
            except UnicodeEncodeError:
                raise Refused("bad_encoding", "a text has bytes of another encoding") from None
        return value.strip()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | dict | bytes):
        raise Refused("wrong_type", "the value is a list, an object or bytes")
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def converter(
    field: Field, *, times: TimeReader | None = None, split: str | None = None
) -> Callable[[Any], Any]:
    """Return the function that makes a value fit `field`. It raises Refused."""
    match field.kind:
        case "text":
            return text_of
        case "number":
            return number_of
        case "whole":
            return whole_of
        case "flag":
            return _flag_of
        case "time":
            return times or TimeReader(("iso",), None)
        case "symbol":
            return _symbol_reader(field)
        case "texts":
            return _list_reader(split)
        case "attributes":
            return lambda value: value


def _flag_of(value: Any) -> bool:
    try:
        return _FLAGS[text_of(value).lower()]
    except KeyError:
        raise Refused("not_a_flag", "the value is neither true nor false") from None


def _symbol_reader(field: Field) -> Callable[[Any], str]:
    known = {symbol: symbol for symbol in field.symbols}

    def read(value: Any) -> str:
        text = text_of(value)
        found = known.get(text) or known.get(text.upper().replace("-", "_").replace(" ", "_"))
        if found is None:
            raise Refused("unknown_symbol", f"the value is none of {', '.join(field.symbols)}")
        return found

    return read


def _list_reader(split: str | None) -> Callable[[Any], list[str]]:
    def read(value: Any) -> list[str]:
        parts = value if isinstance(value, list) else [text_of(value)]
        if split is not None and not isinstance(value, list):
            parts = parts[0].split(split)
        texts = [text_of(part) for part in parts if part is not None]
        return [text for text in texts if text]

    return read
