"""Request every partition of the input topics to erase a customer."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field

from schemas.catalog import INPUTS
from schemas.errors import StreamError
from streams.fold.erasing import Mode, SubjectKind, headers_of
from streams.producing import Publisher
from streams.topics import topic_states

__all__ = ["Request", "ask_all"]


@dataclass(frozen=True, slots=True)
class Request:
    """Whom to erase, and how. The id is kept out of `repr`: nothing may log it.

    `id` joins what is done for it, and says nothing about the customer.
    """

    name: str = field(repr=False)
    kind: SubjectKind
    mode: Mode
    id: str = field(default_factory=lambda: uuid.uuid4().hex)


def ask_all(request: Request, publisher: Publisher) -> dict[str, int]:
    """Send a control record to every partition of every input topic; return how many each has.

    Every partition: producers of different makers choose different ones for the same key, and a topic
    may have had fewer partitions once.

    Raises:
        StreamError: A topic is missing, or Kafka does not take a record. What was sent stands: ask again.
    """
    inputs = {topic.name for topic in INPUTS}
    partitions = {
        state.topic.name: state.partitions
        for state in topic_states(publisher.brokers)
        if state.topic.name in inputs
    }
    if missing := sorted(name for name, count in partitions.items() if not count):
        raise StreamError(
            f"The broker {publisher.brokers} lacks {', '.join(missing)}.",
            cure="Run `earshot topics --create`.",
        )
    headers = headers_of(request.kind, request.mode, request.id)
    for topic, count in partitions.items():
        for partition in range(count):
            publisher.publish_raw(
                topic, None, request.name.encode(), headers=headers, partition=partition
            )
    publisher.flush()
    return partitions
