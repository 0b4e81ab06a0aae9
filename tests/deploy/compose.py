"""Reading docker-compose.yml as Compose does: .env, interpolation, merge keys."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "docker-compose.yml"
EXAMPLE = ROOT / ".env.example"

#: `${NAME}`, `${NAME:-default}` or `${NAME:?message}`; `$$` stands for a dollar sign.
_VARIABLE = re.compile(r"\$\$|\$\{(?P<name>[A-Z][A-Z0-9_]*)(?::(?P<op>[-?])(?P<text>[^}]*))?\}")


class MissingVariable(Exception):
    """A required variable is not set, or empty."""


def example() -> dict[str, str]:
    """Return the variables of .env.example."""
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    pairs = [line.partition("=") for line in lines if line and not line.startswith("#")]
    return {name: value for name, _, value in pairs}


def filled_in() -> dict[str, str]:
    """Return .env.example as a user leaves it: with a password."""
    return {**example(), "EARSHOT_CLICKHOUSE__PASSWORD": "pass4word"}


def used_variables(text: str) -> dict[str, str | None]:
    """Return the variables of a compose file, each with its default; None for a required one."""
    return {
        found["name"]: found["text"] if found["op"] == "-" else None
        for found in _VARIABLE.finditer(text)
        if found["name"]
    }


def load(variables: Mapping[str, str]) -> dict[str, Any]:
    """Return the compose file with its variables filled in.

    Raises:
        MissingVariable: One that is required is not set.
    """
    data: dict[str, Any] = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))
    filled: dict[str, Any] = _fill(data, variables)
    return filled


def services(variables: Mapping[str, str] | None = None) -> dict[str, dict[str, Any]]:
    """Return the services, with .env.example filled in unless other variables are given."""
    found: dict[str, dict[str, Any]] = load(variables or filled_in())["services"]
    return found


def _fill(node: Any, variables: Mapping[str, str]) -> Any:
    if isinstance(node, dict):
        return {key: _fill(value, variables) for key, value in node.items()}
    if isinstance(node, list):
        return [_fill(value, variables) for value in node]
    if not isinstance(node, str):
        return node

    def value(found: re.Match[str]) -> str:
        if not found["name"]:
            return "$"
        given = variables.get(found["name"], "")
        if not given and found["op"] == "?":
            raise MissingVariable(found["name"])
        return given or (found["text"] or "" if found["op"] == "-" else "")

    return _VARIABLE.sub(value, node)
