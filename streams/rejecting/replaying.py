"""Send rejected records again, byte for byte, to where they came from. Blocking."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from sinks.clickhouse import ClickHouse
from streams.fold.rejection import Rejection
from streams.rejecting.choosing import Choice, LeftOut, lots_of
from streams.rejecting.headers import REPLAY_OF, REPLAYS, ReplayOf, replay_headers
from streams.rejecting.record import RejectedBytes, contents
from streams.rejecting.rejudging import Judge

__all__ = [
    "MOST_BYTES",
    "MOST_REPLAYS",
    "Sender",
    "rehearsed",
    "replay",
    "unsendable",
    "worth_sending",
]

#: A record that was replayed so often is left out, unless somebody asks for it once more.
MOST_REPLAYS = 3

#: Largest record the producer sends: 1 MiB, less what the protocol and the headers need.
MOST_BYTES = 1_040_000


class Sender(Protocol):
    """What sends records: a `Publisher`."""

    def publish_raw(
        self,
        topic: str,
        value: bytes | None,
        key: bytes | None,
        timestamp_ms: int | None = None,
        *,
        headers: list[tuple[str, bytes]] | None = None,
        partition: int | None = None,
    ) -> None:
        """Send bytes as they are."""
        ...

    def flush(self) -> None:
        """Wait until all were acknowledged."""
        ...


def worth_sending(choices: Sequence[Choice], *, again: bool) -> tuple[list[Choice], list[LeftOut]]:
    """Return the records that may be sent again, and those that were too often.

    Args:
        choices: The records.
        again: Send those as well that were replayed `MOST_REPLAYS` times.
    """
    worth = [choice for choice in choices if again or choice.replays < MOST_REPLAYS]
    left_out = [
        LeftOut(
            choice.place.coordinates,
            f"it was replayed {choice.replays} times and rejected each time; --again sends it "
            "once more",
        )
        for choice in choices
        if not again and choice.replays >= MOST_REPLAYS
    ]
    return worth, left_out


def unsendable(content: RejectedBytes | None) -> str:
    """Return why a record cannot be sent again, or nothing if it can."""
    if content is None:
        return "its bytes are erased"
    if content.key is None and content.value is None:
        return "it has neither key nor value, which no producer sends"
    size = len(content.key or b"") + len(content.value or b"")
    size += sum(len(name) + len(value) for name, value in content.headers)
    if size > MOST_BYTES:
        return f"it has {size} bytes, and at most {MOST_BYTES} are sent"
    return ""


def replay(
    clickhouse: ClickHouse,
    sender: Sender,
    choices: Sequence[Choice],
    progress: Callable[[int], None] = lambda _: None,
) -> tuple[list[ReplayOf], list[LeftOut]]:
    """Send records again, in the given order, and wait until Kafka has them.

    Value, key and headers are those of the rejected record, the partition is the same, and two headers
    say what it is a replay of. The timestamp is the present. `progress` is told how many were sent.

    Returns:
        What was sent, and what could not be.

    Raises:
        SinkError: ClickHouse does not answer or refuses.
        StreamError: Kafka does not take a record. What was sent stands.
    """
    sent: list[ReplayOf] = []
    left_out: list[LeftOut] = []
    for lot in lots_of(choices):
        held = contents(clickhouse, [choice.place for choice in lot])
        for choice in lot:
            content = held.get(choice.place)
            why = unsendable(content)
            if content is None or why:
                left_out.append(LeftOut(choice.place.coordinates, why))
                continue
            of = ReplayOf(*choice.first, choice.replays + 1)
            sender.publish_raw(
                choice.place.topic,
                content.value,
                content.key,
                headers=_headers(content, of),
                partition=choice.place.partition,
            )
            sent.append(of)
        progress(len(sent))
    sender.flush()
    return sent, left_out


def rehearsed(
    clickhouse: ClickHouse,
    judge: Judge,
    choices: Sequence[Choice],
    progress: Callable[[int], None] = lambda _: None,
) -> tuple[list[tuple[str, Rejection | None]], list[LeftOut]]:
    """Judge records as they would be if they were sent now; nothing is sent.

    Returns:
        The reason of each record, with why it would be rejected now or None; and what could not be sent.

    Raises:
        SinkError: ClickHouse does not answer or refuses.
        RegistryUnavailable: The registry does not answer.
    """
    judged: list[tuple[str, Rejection | None]] = []
    left_out: list[LeftOut] = []
    for lot in lots_of(choices):
        held = contents(clickhouse, [choice.place for choice in lot])
        for choice in lot:
            content = held.get(choice.place)
            why = unsendable(content)
            if content is None or why:
                left_out.append(LeftOut(choice.place.coordinates, why))
            else:
                judged.append((choice.reason, judge.verdict(choice.place.topic, content)))
        progress(len(judged))
    return judged, left_out


def _headers(content: RejectedBytes, of: ReplayOf) -> list[tuple[str, bytes]]:
    kept = [(name.decode(errors="replace"), value) for name, value in content.headers]
    ours = {REPLAY_OF, REPLAYS}
    return [(name, value) for name, value in kept if name not in ours] + replay_headers(of)
