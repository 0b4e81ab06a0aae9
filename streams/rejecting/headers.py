"""The two headers of a record that is sent again after it was rejected.

    earshot-replay-of: feedback.responses/0/3/1042     where it was rejected first, with the epoch
    earshot-replays: 1                                 which attempt this is, counted from 1

Anybody can send them, so they are read with suspicion and decide nothing about the record itself: its
fate is that of any record with the same bytes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

__all__ = ["REPLAYS", "REPLAY_OF", "ReplayOf", "named_by", "replay_headers"]

REPLAY_OF, REPLAYS = "earshot-replay-of", "earshot-replays"

# Digits enough for what Kafka has, and few enough for the columns.
_FIRST = re.compile(
    rb"(?P<topic>[A-Za-z0-9._-]{1,249})/(?P<epoch>[0-9]{1,9})/(?P<partition>[0-9]{1,9})/(?P<offset>[0-9]{1,18})"
)
_COUNT = re.compile(rb"[1-9][0-9]{0,8}")


class ReplayOf(NamedTuple):
    """Where a record was rejected first, and how often it was sent again, this time included."""

    topic: str
    epoch: int
    partition: int
    offset: int
    replays: int

    @property
    def first(self) -> str:
        """Where it was rejected first, as the header and the column `replay_of` have it."""
        return f"{self.topic}/{self.epoch}/{self.partition}/{self.offset}"


def replay_headers(replay: ReplayOf) -> list[tuple[str, bytes]]:
    """Return the headers that say it."""
    return [(REPLAY_OF, replay.first.encode()), (REPLAYS, str(replay.replays).encode())]


def named_by(headers: Sequence[tuple[str, bytes | None]]) -> ReplayOf | None:
    """Return what headers say, or None if they say nothing or it cannot be read. Never raises.

    >>> named_by([("earshot-replay-of", b"feedback.responses/0/3/42"), ("earshot-replays", b"2")])
    ReplayOf(topic='feedback.responses', epoch=0, partition=3, offset=42, replays=2)
    >>> named_by([("earshot-replay-of", b"yesterday"), ("earshot-replays", b"2")]) is None
    True
    """
    first = [value for name, value in headers if name == REPLAY_OF]
    count = [value for name, value in headers if name == REPLAYS]
    if len(first) != 1 or len(count) != 1:
        return None
    where = _FIRST.fullmatch(first[0] or b"")
    if where is None or not _COUNT.fullmatch(count[0] or b""):
        return None
    return ReplayOf(
        where["topic"].decode(),
        int(where["epoch"]),
        int(where["partition"]),
        int(where["offset"]),
        int(count[0] or b""),
    )
