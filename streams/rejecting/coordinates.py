"""Where a record stands in the log, as people write it."""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = ["Coordinates", "coordinates_of"]

_COORDINATES = re.compile(
    r"(?P<topic>[A-Za-z0-9._-]+)/(?P<partition>[0-9]{1,9})/(?P<offset>[0-9]{1,18})"
)


class Coordinates(NamedTuple):
    """Where a record stands in the log."""

    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}/{self.offset}"


def coordinates_of(text: str) -> Coordinates:
    """Read TOPIC/PARTITION/OFFSET.

    Raises:
        ValueError: It is written otherwise.

    >>> coordinates_of("feedback.responses/3/1042")
    Coordinates(topic='feedback.responses', partition=3, offset=1042)
    """
    match = _COORDINATES.fullmatch(text.strip())
    if match is None:
        msg = "Give it as TOPIC/PARTITION/OFFSET, for example feedback.responses/0/42."
        raise ValueError(msg)
    return Coordinates(match["topic"], int(match["partition"]), int(match["offset"]))
