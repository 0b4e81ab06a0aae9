"""Settings of one query over those of its session.

chDB has settings per connection only. So the wanted ones are SET, and what the session had is put
back when the next query does not want them; a client that sends the same settings with every query
pays once.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from sinks.embedded.engine import quote_name, quote_text
from sinks.embedded.faults import CODES, EngineError

__all__ = ["Overrides"]


class Overrides:
    """The settings in force on one connection.

    Args:
        ask: runs a statement in a format and returns its answer.
        base: what every session of this server starts with.
    """

    def __init__(self, ask: Callable[[str, str], bytes], base: Mapping[str, str]) -> None:
        self._ask = ask
        self._base = dict(base)
        self._applied: dict[str, str] = {}
        self._before: dict[str, str] = {}
        self._unknown: set[str] = set()
        self._session_has_own = False
        self._set(self._base)

    def apply(self, wanted: Mapping[str, str], important: frozenset[str]) -> None:
        """Have exactly `wanted` in force over the session's own; raises EngineError."""
        known = {
            name: value
            for name, value in wanted.items()
            if name in important or name not in self._unknown
        }
        self._put_back([name for name in self._applied if name not in known])
        fresh = {name: value for name, value in known.items() if self._applied.get(name) != value}
        if not fresh:
            return
        self._remember([name for name in fresh if name not in self._before])
        try:
            self._set(fresh)
        except EngineError as fault:
            if fault.code != CODES["UNKNOWN_SETTING"]:
                raise
            self._apply_one_by_one(fresh, important)
        else:
            self._applied.update(fresh)

    def forget(self) -> None:
        """Put everything back before the session runs a SET of its own."""
        self._put_back(list(self._applied))
        self._session_has_own = True

    def _apply_one_by_one(self, fresh: Mapping[str, str], important: frozenset[str]) -> None:
        for name, value in fresh.items():
            try:
                self._set({name: value})
            except EngineError as fault:
                if fault.code != CODES["UNKNOWN_SETTING"] or name in important:
                    raise
                self._unknown.add(name)
            else:
                self._applied[name] = value

    def _set(self, values: Mapping[str, str]) -> None:
        pairs = ", ".join(f"{quote_name(key)} = {quote_text(each)}" for key, each in values.items())
        self._ask(f"SET {pairs}", "Null")

    def _remember(self, names: list[str]) -> None:
        """Note what a SET of the session's own would lose; without one there is nothing to ask."""
        self._before.update({name: self._base[name] for name in names if name in self._base})
        if not self._session_has_own or not names:
            return
        listed = ", ".join(quote_text(name) for name in names)
        answer = self._ask(
            f"SELECT name, value FROM system.settings WHERE changed AND name IN ({listed})",
            "JSONCompact",
        )
        self._before.update({name: str(value) for name, value in json.loads(answer)["data"]})

    def _put_back(self, names: list[str]) -> None:
        if not names:
            return
        pairs = [
            f"{quote_name(name)} = "
            + (quote_text(self._before[name]) if name in self._before else "DEFAULT")
            for name in names
        ]
        for name in names:
            self._applied.pop(name, None)
            self._before.pop(name, None)
        self._ask(f"SET {', '.join(pairs)}", "Null")
