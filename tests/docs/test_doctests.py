"""The examples in docstrings are true."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
from collections.abc import Iterator

import pytest

import schemas
import streams.fold
import streams.reference
import streams.scores
import streams.simulation


def _modules() -> Iterator[str]:
    for package in (schemas, streams.fold, streams.scores, streams.simulation, streams.reference):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith("__main__"):
                yield module.name
    yield "streams.rejecting"
    for command in ("rejects", "simulate", "status"):
        yield f"streams.cli.{command}"


MODULES = sorted(_modules())


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_there_are_examples() -> None:
    finder = doctest.DocTestFinder(exclude_empty=True)
    found = [
        test.name
        for name in MODULES
        for test in finder.find(importlib.import_module(name))
        if test.examples
    ]
    assert len(found) > 20
