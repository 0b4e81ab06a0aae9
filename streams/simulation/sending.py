"""Hand an event to a producer: a record is encoded, anything else goes out as it is."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any, Protocol

from streams.simulation.events import SimulatedEvent

__all__ = ["EventPublisher", "line", "send"]


class EventPublisher(Protocol):
    """What sending needs of `streams.producing.Publisher`."""

    def publish(
        self, topic: str, record: Mapping[str, Any], key: str | None, timestamp_ms: int | None = ...
    ) -> None:
        """Encode and send a record."""
        ...

    def publish_raw(
        self, topic: str, value: bytes | None, key: bytes | None, timestamp_ms: int | None = ...
    ) -> None:
        """Send bytes as they are; None is a tombstone."""
        ...


def send(event: SimulatedEvent, publisher: EventPublisher) -> None:
    """Send one event, with its stream time as the record's timestamp."""
    if event.record is not None:
        publisher.publish(event.topic, event.record, event.key, event.at_ms)
    else:
        key = None if event.key is None else event.key.encode()
        publisher.publish_raw(event.topic, event.raw, key, event.at_ms)


def line(event: SimulatedEvent) -> str:
    """Return an event as one line of JSON, raw bytes as base64."""
    fields = event._asdict()
    raw = fields.pop("raw")
    if raw is not None:
        fields["raw_base64"] = base64.b64encode(raw).decode()
    return json.dumps(fields, separators=(",", ":"))
