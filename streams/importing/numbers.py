"""Numbers of files: JSON numbers, Parquet numbers, and texts such as "10" or "4.0"."""

from __future__ import annotations

import math
import re
from contextlib import suppress
from decimal import Decimal
from typing import Any

from streams.importing.reasons import Refused

__all__ = ["number_of", "whole_of"]

# float() also reads "1_0", "nan" and "infinity", none of which a survey tool means.
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_WHOLE = re.compile(r"[+-]?\d{1,18}", re.ASCII)


def number_of(value: Any) -> float:
    """Return a finite number.

    Raises:
        Refused: not_a_number.

    >>> number_of(" 4.0 ")
    4.0
    """
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        value = float(value)
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        with suppress(OverflowError):
            number = float(value)
            if math.isfinite(number):
                return number
    raise Refused("not_a_number", "the value is not a number")


def whole_of(value: Any) -> int:
    """Return a whole number; 4.0 is one.

    Raises:
        Refused: not_a_number or not_whole.

    >>> whole_of("4.0")
    4
    """
    # Whole numbers keep all their digits; a detour over float would lose some beyond 2**53.
    if isinstance(value, str) and _WHOLE.fullmatch(value.strip()):
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    number = number_of(value)
    if number != int(number):
        raise Refused("not_whole", "the value has a fraction")
    return int(number)
