"""The one table of topics. Topics are created from it, and `earshot topics` prints it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["INPUTS", "TOPICS", "Topic", "topic"]

_DAY_MS = 86_400_000

Cleanup = Literal["delete", "compact"]


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic: what is in it, who owns it, how long it is kept.

    `partitions` is None where the topic has as many as `kafka.partitions` says: every topic that
    is keyed by customer must have the same number, so that one worker sees all of a customer.
    """

    name: str
    doc: str
    key: str
    owner: str
    writers: tuple[str, ...]
    readers: tuple[str, ...]
    cleanup: Cleanup
    retention_ms: int
    partitions: int | None = None
    min_compaction_lag_ms: int = 0
    compression: str = "producer"

    @property
    def retention(self) -> str:
        """How long records stay, for people."""
        if self.cleanup == "compact":
            return "newest of each key"
        return f"{self.retention_ms // _DAY_MS} days"


def _input(name: str, doc: str) -> Topic:
    return Topic(
        name=name,
        doc=doc,
        key="customer_id, or anonymous_id",
        owner="upstream",
        writers=("upstream services", "earshot import", "earshot simulate"),
        readers=("earshot worker",),
        cleanup="delete",
        retention_ms=90 * _DAY_MS,
    )


INPUTS: tuple[Topic, ...] = (
    _input("feedback.responses", "Survey answers, one record an answer and revision."),
    _input("feedback.invitations", "Steps of survey invitations."),
    _input("feedback.interactions", "Events of conversations with customers."),
    _input("feedback.followups", "Steps of people following up with one customer."),
)

#: The contract stands and the topic is created, but no part of Earshot sends records to it so far.
_NOBODY_YET = ("nothing yet",)

TOPICS: tuple[Topic, ...] = (
    *INPUTS,
    Topic(
        name="feedback.slices",
        doc="Counts by series, time slice and bucket, as absolute totals of input chunks.",
        key="series, slice, bucket, input partition and chunk",
        owner="earshot",
        writers=("earshot worker",),
        readers=("live services",),
        cleanup="compact",
        retention_ms=-1,
    ),
    Topic(
        name="feedback.scores",
        doc="Live scores of rolling windows.",
        key="series and window",
        owner="earshot",
        writers=_NOBODY_YET,
        readers=("operations", "live services"),
        cleanup="compact",
        retention_ms=-1,
    ),
    Topic(
        name="feedback.alerts",
        doc="Significant changes of scores.",
        key="alert_id",
        owner="earshot",
        writers=_NOBODY_YET,
        readers=("operations",),
        cleanup="delete",
        retention_ms=90 * _DAY_MS,
    ),
    Topic(
        name="feedback.care",
        doc="Customers who need care now.",
        key="case_id",
        owner="earshot",
        writers=_NOBODY_YET,
        readers=("care teams",),
        cleanup="compact",
        retention_ms=-1,
    ),
    Topic(
        name="feedback.rejects",
        doc="Input records that could not be counted, byte for byte, with the reason.",
        key="topic, partition and offset of the record",
        owner="earshot",
        writers=("earshot worker",),
        readers=("earshot rejects", "upstream engineers"),
        cleanup="delete",
        retention_ms=90 * _DAY_MS,
    ),
)

_BY_NAME = {entry.name: entry for entry in TOPICS}


def topic(name: str) -> Topic:
    """Return the topic of this name; KeyError if there is none."""
    return _BY_NAME[name]
