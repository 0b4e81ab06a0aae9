"""Which epoch of an input topic is being written to.

An epoch is one incarnation of a topic: a topic that is deleted and created again begins at offset 0, and
what it holds must not overwrite what the one before held. The broker gives every incarnation an id of its
own, which never comes back. A replay has an epoch of its own too: once it is shown, the workers write to
it. So an epoch changes under a running worker, and the worker asks before each flush.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from typing import Literal, NamedTuple, Protocol

from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaError

from schemas.catalog import INPUTS
from schemas.errors import ConfigError, StreamError
from streams.brokers import admin_of

__all__ = ["Epoch", "Epochs", "State", "TopicIds"]

State = Literal["current", "shadow", "retired"]


class Epoch(NamedTuple):
    """One incarnation or replay of a topic. `chunk`: offsets in a chunk."""

    topic: str
    number: int
    topic_id: str
    chunk: int
    state: State


class Kept(Protocol):
    """Where epochs are written down."""

    def epochs(self) -> list[Epoch]:
        """Return all epochs."""
        ...

    def write_epochs(self, epochs: list[Epoch], changed_at: float) -> None:
        """Write some epochs, all or none."""
        ...


class Epochs:
    """The epoch of each input topic, as far as this process knows. Blocking: run it in a thread.

    Args:
        kept: Where epochs are written down.
        topic_ids: Returns the broker's ids of the input topics.
        chunk: Offsets in a chunk of a new epoch.
    """

    def __init__(
        self, kept: Kept, topic_ids: Callable[[], Mapping[str, str]], *, chunk: int
    ) -> None:
        self._kept = kept
        self._topic_ids = topic_ids
        self._chunk = chunk
        self._current: dict[str, int] = {}

    def epoch(self, topic: str) -> int:
        """Return the epoch of a topic. `refresh` was called before."""
        return self._current[topic]

    def refresh(self) -> set[str]:
        """Ask again; return the topics whose epoch is another one than it was.

        An incarnation nobody has seen yet becomes an epoch. What was read before this call belongs to
        the epochs it leaves, if it does not return their topic: an id never comes back.

        Raises:
            ConfigError: An epoch was begun with chunks of another size.
            StreamError: The broker does not answer, or lacks a topic.
            SinkError: ClickHouse does not answer or refuses.
        """
        found: dict[str, int] = {}
        new: list[Epoch] = []
        ids, kept = self._topic_ids(), self._kept.epochs()
        for topic, topic_id in ids.items():
            known = [epoch for epoch in kept if epoch.topic == topic]
            current = [one for one in known if one.topic_id == topic_id and one.state == "current"]
            if not current:
                number = max((epoch.number for epoch in known), default=-1) + 1
                current = [Epoch(topic, number, topic_id, self._chunk, "current")]
                new += current
            newest = max(current, key=lambda epoch: epoch.number)
            if newest.chunk != self._chunk:
                raise ConfigError(
                    f"{topic} was read in chunks of {newest.chunk} offsets, and worker.chunk is "
                    f"{self._chunk}.",
                    cure=f"Set EARSHOT_WORKER__CHUNK={newest.chunk}, or rebuild with the new size: "
                    "`earshot replay --into shadow`.",
                )
            found[topic] = newest.number
        if new:
            # Two workers that see it at once write the same row.
            self._kept.write_epochs(new, time.time())
        changed = {
            topic for topic, number in found.items() if self._current.get(topic, number) != number
        }
        self._current = found
        return changed


class TopicIds:
    """Asks the broker for the ids of the input topics, over a connection it keeps."""

    def __init__(self, brokers: str) -> None:
        self._brokers = brokers
        self._lock = threading.Lock()
        self._open = ExitStack()
        self._admin: KafkaAdminClient | None = None

    def __call__(self) -> dict[str, str]:
        """Return the id of every input topic. A broker before 2.8 has none: they are zeros.

        Raises:
            StreamError: The broker does not answer, or a topic is missing.
        """
        names = [topic.name for topic in INPUTS]
        with self._lock:
            try:
                if self._admin is None:
                    self._admin = self._open.enter_context(admin_of(self._brokers))
                described = self._admin.describe_topics(names)
            except (StreamError, KafkaError, OSError) as error:
                self._drop()
                if isinstance(error, StreamError):
                    raise
                raise StreamError(
                    f"The broker at {self._brokers} does not say which topics it has "
                    f"({type(error).__name__}).",
                    cure="Check the broker.",
                ) from None
        found = {
            entry["name"]: str(entry["topic_id"])
            for entry in described
            if not entry.get("error_code")
        }
        if missing := [name for name in names if name not in found]:
            raise StreamError(
                f"The broker {self._brokers} lacks {', '.join(missing)}.",
                cure="Run `earshot topics --create`.",
            )
        return found

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._drop()

    def _drop(self) -> None:
        self._admin = None
        with suppress(StreamError):
            self._open.close()
