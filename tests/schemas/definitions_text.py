"""Texts of definitions files, and what is said of wrong ones."""

from __future__ import annotations

import pytest

from schemas.definitions import parse_measures
from schemas.errors import ConfigError

GOOD = """
version = 1
[[measure]]
name = "m"
topic = "feedback.responses"
doc = "d"
source = "s"
metric = "CSAT"
scale = [1, 5]
[[measure.score]]
name = "top"
kind = "share"
unit = "%"
top = [4, 5]
"""


def problems(text: str) -> str:
    """Return what is said of a wrong file."""
    with pytest.raises(ConfigError) as caught:
        parse_measures(text)
    return str(caught.value)
