"""One table of the file, read key by key: what is wrong is noted, and reading goes on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from schemas.definitions.durations import duration_ms

__all__ = ["Section", "hint", "whole_range"]


def whole_range(value: Any) -> tuple[int, int] | None:
    """Return `[lowest, highest]` as a pair, or None if it is anything else."""
    match value:
        case [int(low), int(high)] if not {type(low), type(high)} & {bool} and low <= high:
            return low, high
    return None


class Section:
    """A table of the file, with the name of where it stands.

    Every method that reads a key returns a value of the right type, whatever the file says: problems
    are added to a list that all sections share. `close` reports the keys nobody asked for.

    Args:
        table: The table.
        where: What its problems begin with, for example `calendar support`; empty for the file.
        what: What it is, for example `a calendar`.
        problems: Where problems go.
    """

    def __init__(
        self, table: Mapping[str, Any], where: str, what: str, problems: list[str]
    ) -> None:
        self.where = where
        self._table = table
        self._what = what
        self._problems = problems
        self._asked: set[str] = set()
        self._before = len(problems)

    @property
    def is_good(self) -> bool:
        """Whether nothing was wrong since this section was opened."""
        return len(self._problems) == self._before

    def part(self, table: Mapping[str, Any], where: str, what: str) -> Section:
        """Return a section for a table inside this one."""
        return Section(table, where, what, self._problems)

    def problem(self, text: str) -> None:
        """Note something that is wrong here."""
        self._problems.append(f"{self.where}: {text}" if self.where else text)

    def has(self, key: str) -> bool:
        """Whether the key is given."""
        return key in self._table

    def value(self, key: str) -> Any:
        """Return a value as it is; None if it is not given."""
        self._asked.add(key)
        return self._table.get(key)

    def text(self, key: str, *, required: bool = False) -> str:
        """Return a text without white space around it; empty if it is not given."""
        value = self.value(key)
        if value is None:
            value = ""
        if not isinstance(value, str):
            self.problem(f"{key} must be a text")
            return ""
        if required and not value.strip():
            self.problem(f"{key} is missing")
        return value.strip()

    def texts(self, key: str, *, required: bool = False) -> tuple[str, ...]:
        """Return a list of texts, none of them empty or twice."""
        return self.distinct(key, self.value(key), required=required)

    def distinct(self, key: str, value: Any, *, required: bool = False) -> tuple[str, ...]:
        """Return a value that should be a list of texts, none of them empty or twice."""
        if value is None:
            value = []
        if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
            self.problem(f"{key} must be a list of texts")
            return ()
        if required and not value:
            self.problem(f"{key} is missing")
        for twice in sorted({one for one in value if value.count(one) > 1}):
            self.problem(f"{key}: {twice} is there twice")
        return tuple(value)

    def one_of(self, key: str, values: Iterable[str], allowed: Sequence[str]) -> None:
        """Note every value that is not allowed."""
        for value in values:
            if value not in allowed:
                self.problem(f"{key} {value} is none of {', '.join(allowed)}{hint(value, allowed)}")

    def flag(self, key: str, *, default: bool) -> bool:
        """Return true or false."""
        value = self.value(key)
        if value is None:
            return default
        if not isinstance(value, bool):
            self.problem(f"{key} must be true or false")
            return default
        return value

    def whole(self, key: str, *, least: int) -> int | None:
        """Return a whole number, or None if it is not given."""
        value = self.value(key)
        if value is None:
            return None
        if type(value) is not int or value < least:
            self.problem(f"{key} must be a whole number from {least}")
            return None
        return value

    def duration_ms(self, key: str) -> int | None:
        """Return a duration in milliseconds, or None if it is not given."""
        value = self.value(key)
        return None if value is None else self.as_duration_ms(key, value)

    def as_duration_ms(self, key: str, value: Any) -> int | None:
        """Return a value that should be a duration, in milliseconds."""
        ms = duration_ms(value)
        if ms is None:
            self.problem(
                f"{key} must be a duration such as 90s, 30m, 4h or 2d, above 0 and of at most 3650d"
            )
        return ms

    def inner(self, key: str) -> Mapping[str, Any]:
        """Return a table; empty if it is not given."""
        value = self.value(key)
        if value is None:
            return {}
        if not isinstance(value, dict):
            self.problem(f"{key} must be a table")
            return {}
        return value

    def entries(self, key: str) -> list[Mapping[str, Any]]:
        """Return the tables that are written as `[[key]]`."""
        value = self.value(key)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
            self.problem(f"{key} must be written as [[{key}]]")
            return []
        return value

    def close(self) -> None:
        """Note every key that nobody asked for: it would be passed over in silence."""
        for extra in sorted(self._table.keys() - self._asked):
            self.problem(f"{extra} is not a key of {self._what}{hint(extra, self._asked)}")


def hint(wrong: str, known: Iterable[str]) -> str:
    """Return what may have been meant, as the end of a sentence.

    >>> hint("chanel", ["channel", "region"])
    '; did you mean channel?'
    """
    near = get_close_matches(wrong, list(known), n=1)
    return f"; did you mean {near[0]}?" if near else ""
