"""A reject can always be stored and sent: one that cannot would stop its partition for ever."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import example, given, settings
from hypothesis import strategies as st

from schemas.codec import Encoder
from schemas.framing import unframe
from schemas.registry import FileRegistry
from streams.agents.messages import reject_columns, reject_messages
from streams.batch import TopicPartition
from streams.fold.decoding import RecordDecoder
from streams.fold.partition import Rejected
from streams.fold.rejection import Rejection
from tests.builders import NOW_MS

REGISTRY = FileRegistry()
ENCODER = Encoder(REGISTRY, "feedback.rejects")
TP = TopicPartition("feedback.responses", 3)


@dataclass
class Record:
    value: bytes | None
    key: bytes | None = None
    headers: list[tuple[str, bytes]] = field(default_factory=list)
    offset: int = 7
    timestamp: int = NOW_MS


@settings(deadline=None, max_examples=150)
@given(
    value=st.none() | st.binary(max_size=20),
    key=st.none() | st.binary(max_size=8),
    headers=st.lists(st.tuples(st.text(max_size=4), st.none() | st.binary(max_size=4))),
)
@example(value=b"\x00\xff\xff\xff\xff!", key=b"\xff", headers=[("trace", None)])
@example(value=b"\x00\x80\x00\x00\x00", key=None, headers=[])
def test_any_reject_can_be_told(
    value: bytes | None, key: bytes | None, headers: list[tuple[str, bytes]]
) -> None:
    record = Record(value, key, headers)
    verdict = RecordDecoder(REGISTRY, max_bytes=64).decode(TP.topic, value)
    rejection = verdict if isinstance(verdict, Rejection) else Rejection("no_measure", "none")
    reject = (TP, Rejected(7, NOW_MS, rejection), record)
    ((name, message),) = reject_messages([reject], 0, ENCODER)
    assert name == b"feedback.responses|0|3|7"
    framed = unframe(message)
    assert framed is not None
    columns = reject_columns([reject], 0)
    assert [column[0] for column in columns[8:10]] == [key, value]
