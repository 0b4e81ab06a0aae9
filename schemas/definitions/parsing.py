"""From the text of a definitions file to everything it says, or to everything wrong with it."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from functools import partial
from importlib import resources
from pathlib import Path

from schemas.definitions.clashes import clashes
from schemas.definitions.measures import Lists, measure_of
from schemas.definitions.naming import named
from schemas.definitions.rollups import rollups_of
from schemas.definitions.rules import rules_of
from schemas.definitions.section import Section
from schemas.errors import ConfigError
from schemas.measures import Measures

__all__ = ["load_measures", "parse_measures"]

#: Tables and Avro keep a version in 32 bits.
_LAST_VERSION = 2**31 - 1


def load_measures(path: Path | None = None) -> Measures:
    """Read a measures file, or the one shipped with Earshot.

    Raises:
        ConfigError: The file is missing or wrong; the message lists every problem at once.
    """
    if path is None:
        return parse_measures(
            (resources.files("schemas") / "measures.toml").read_text(encoding="utf-8")
        )
    try:
        return parse_measures(path.read_text(encoding="utf-8"), name=str(path))
    except OSError as error:
        raise ConfigError(
            f"Cannot read the measures file {path}: {error.strerror}.",
            cure="Correct EARSHOT_SCORES__MEASURES_FILE.",
        ) from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is not UTF-8.", cure="Save it as UTF-8.") from None


def parse_measures(text: str, *, name: str = "measures.toml") -> Measures:
    """Parse definitions.

    Raises:
        ConfigError: The text is wrong; the message lists every problem at once.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(
            f"{name} is not valid TOML: {error}.", cure="Correct that line."
        ) from None
    problems: list[str] = []
    top = Section(data, "", "the file", problems)
    version = _version(top)
    rules = rules_of(top)
    lists = Lists(top.inner("dimensions"), top.inner("scores"))
    measures = list(named(top, "measure", partial(measure_of, lists=lists)).values())
    complete = len(measures) == len(top.entries("measure"))
    problems += clashes(measures, complete=complete)
    rules = replace(rules, rollups=rollups_of(top, measures, complete=complete))
    top.close()
    if problems:
        raise ConfigError(
            f"{name} is wrong:\n" + "\n".join(f"  {problem}" for problem in problems),
            cure="\nSee docs/measures.md.",
        )
    return Measures(version, measures, text, rules)


def _version(top: Section) -> int:
    version = top.value("version")
    if type(version) is not int or not 1 <= version <= _LAST_VERSION:
        top.problem("version: a whole number from 1 is required; raise it with every change")
        return 1
    return version
