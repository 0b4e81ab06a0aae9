"""Where an erasure stands in a log that had ended before it was asked for.

A topic that was deleted and created again has another log. The record that asks for an erasure stands in
that one, and erases from what is stored of the earlier ones as well. There the erasure has no offset; it
takes one that no record ever had, which says where the record stands: behind `AFTERWARDS` the incarnation
of the topic, which is the number of its first epoch, and the offset.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["AFTERWARDS", "Asked", "afterwards", "asked_at"]

#: No log is as long; and what is as large is an offset to Kafka, ClickHouse and Avro all the same.
AFTERWARDS = 2**62

#: A partition that takes 100,000 records a second has as many after five years.
_OFFSETS = 2**44


class Asked(NamedTuple):
    """Where the record stands that asked: in partition 0 of an incarnation of the topic."""

    incarnation: int
    offset: int


def afterwards(asked: Asked) -> int:
    """Return where an erasure stands behind the end of earlier logs. Asked for later, it stands later.

    >>> afterwards(Asked(0, 5)) < afterwards(Asked(0, 6)) < afterwards(Asked(1, 0)) < 2**63
    True
    """
    return AFTERWARDS + asked.incarnation * _OFFSETS + asked.offset


def asked_at(offset: int) -> Asked | None:
    """Return where an erasure was asked for that stands behind the end of a log; None if it is in one.

    >>> asked_at(afterwards(Asked(3, 70)))
    Asked(incarnation=3, offset=70)
    >>> asked_at(70) is None
    True
    """
    if offset < AFTERWARDS:
        return None
    return Asked(*divmod(offset - AFTERWARDS, _OFFSETS))
