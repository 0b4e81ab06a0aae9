"""The examples in docstrings are true."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import streams.explaining

MODULES = [
    "streams.reading",
    *(
        module.name
        for module in pkgutil.iter_modules(streams.explaining.__path__, "streams.explaining.")
    ),
]


def test_examples() -> None:
    results = [doctest.testmod(importlib.import_module(name)) for name in MODULES]
    assert sum(result.attempted for result in results) > 8
    assert [name for name, found in zip(MODULES, results, strict=True) if found.failed] == []
