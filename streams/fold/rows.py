"""What the fold of a partition takes and hands out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from streams.fold.chunks import Total
from streams.fold.customers import Overtaken
from streams.fold.rejection import Rejection
from streams.histories.conversations import Conversation
from streams.histories.fact import Fact

__all__ = [
    "FATES",
    "ConversationRow",
    "Decoded",
    "Drained",
    "Fate",
    "Folded",
    "Ledger",
    "Rejected",
    "RevisionRow",
    "SliceRow",
]

Fate = Literal["accepted", "corrected", "duplicate", "rejected"]

#: Every fate, in the order they are shown.
FATES: tuple[Fate, ...] = ("accepted", "corrected", "duplicate", "rejected")


class Decoded(NamedTuple):
    """One record of the log: where it stood, and what it says (or why it says nothing).

    `stands`: its raw row was written when other limits were set, so they do not judge it again.
    """

    offset: int
    timestamp_ms: int
    content: dict[str, Any] | Rejection
    stands: bool = False


class Folded(NamedTuple):
    """A raw row: a record that was accepted or corrected, with its coordinates."""

    offset: int
    timestamp_ms: int
    definitions: int
    record: dict[str, Any]


class Rejected(NamedTuple):
    """A record that could not be counted. Its bytes are still with whoever read it."""

    offset: int
    timestamp_ms: int
    rejection: Rejection
    definitions: int = 0


class ConversationRow(NamedTuple):
    """A conversation as its events so far say; `version` is the last offset that changed it."""

    subject: str
    conversation: Conversation
    facts: tuple[Fact, ...]
    version: int
    definitions: int


class RevisionRow(NamedTuple):
    """A fact that was final and changed, because the record at `offset` came so late."""

    overtaken: Overtaken
    offset: int
    timestamp_ms: int
    definitions: int


class SliceRow(NamedTuple):
    """The total of one cell in one chunk, which is named by its first offset."""

    chunk: int
    first_timestamp_ms: int
    definitions: int
    total: Total


@dataclass(slots=True)
class Ledger:
    """The fates of one chunk so far, named by where it begins. `first` to `last` are what it covers."""

    chunk: int
    first: int
    last: int
    first_timestamp_ms: int
    definitions: int
    fates: dict[Fate, int] = field(default_factory=lambda: dict.fromkeys(FATES, 0))
    gaps: int = 0

    @property
    def read(self) -> int:
        """How many records were read: always the sum of the fates."""
        return sum(self.fates.values())


@dataclass(slots=True)
class Drained:
    """All that must become durable before `position` may be committed."""

    position: int
    rows: list[Folded]
    conversations: list[ConversationRow]
    revisions: list[RevisionRow]
    slices: list[SliceRow]
    ledgers: list[Ledger]

    def __bool__(self) -> bool:
        return bool(self.ledgers)
