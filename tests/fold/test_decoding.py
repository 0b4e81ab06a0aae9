"""Decoding: any bytes at all become a record or a rejection."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from schemas.catalog import INPUTS
from schemas.codec import Encoder
from schemas.framing import frame
from schemas.registry import FileRegistry, RegisteredSchema, RegistryUnavailable, UnknownSchema
from schemas.registry.base import subject_of
from streams.fold.decoding import RecordDecoder
from streams.fold.rejection import REASONS, Rejection
from tests.builders import record_for

REGISTRY = FileRegistry()
TOPICS = [topic.name for topic in INPUTS]
MAX_BYTES = 4096
SECRET = "Zq7-secret"


def schema_id(topic: str) -> int:
    return REGISTRY.latest(subject_of(topic)).id


def encoded(topic: str = TOPICS[0], **overrides: Any) -> bytes:
    return Encoder(REGISTRY, topic).encode(record_for(topic, **overrides))


def decoder() -> RecordDecoder:
    return RecordDecoder(REGISTRY, max_bytes=MAX_BYTES)


Make = Callable[[], bytes | None]

#: Reason -> values that end in it.
CASES: dict[str, list[Make]] = {
    "tombstone": [lambda: None],
    "empty": [lambda: b""],
    "too_large": [lambda: encoded() + b"x" * MAX_BYTES, lambda: b"\x01" * (MAX_BYTES + 1)],
    "bad_magic": [
        lambda: b"{}",
        lambda: b"\x00",
        lambda: b"\x00\x00\x00\x00",
        lambda: b"\x01" + encoded()[1:],
        lambda: b'{"a": 1, "b": 2}',
    ],
    "unknown_schema": [
        lambda: frame(0, encoded()[5:]),
        lambda: frame(0xFFFF_FFFF, encoded()[5:]),
    ],
    "wrong_schema": [lambda: encoded(TOPICS[1]), lambda: frame(schema_id("feedback.scores"), b"")],
    "malformed": [
        lambda: frame(schema_id(TOPICS[0]), b""),
        lambda: encoded()[:-1],
        lambda: encoded()[:20],
        lambda: frame(schema_id(TOPICS[0]), b"\xff" * 40),
        lambda: encoded(value_text=SECRET).replace(SECRET.encode(), b"\xff" * len(SECRET)),
    ],
    "trailing_bytes": [lambda: encoded() + b"\x00", lambda: encoded() + encoded()[5:]],
}


@pytest.mark.parametrize(
    ("reason", "value"), [(reason, make()) for reason, makes in CASES.items() for make in makes]
)
def test_each_kind_of_damage_has_its_reason(reason: str, value: bytes | None) -> None:
    found = decoder().decode(TOPICS[0], value)
    assert isinstance(found, Rejection)
    assert found.reason == reason


@pytest.mark.parametrize("topic", TOPICS)
def test_a_good_record_is_read_whole(topic: str) -> None:
    record = record_for(topic)
    one = decoder()
    assert one.decode(topic, encoded(topic)) == record
    assert one.decode(topic, encoded(topic)) == record


def test_the_limit_itself_is_allowed() -> None:
    value = encoded(value_text="x" * 100)
    assert isinstance(RecordDecoder(REGISTRY, max_bytes=len(value)).decode(TOPICS[0], value), dict)
    rejection = RecordDecoder(REGISTRY, max_bytes=len(value) - 1).decode(TOPICS[0], value)
    assert isinstance(rejection, Rejection)


_WHOLE = encoded(value_text=SECRET, tags=["a", "b"])


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """Return a good record with some bytes changed, cut out or put in."""
    value = bytearray(_WHOLE)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(value)))
        value[at : at + draw(st.integers(0, 4))] = draw(st.binary(max_size=4))
    return bytes(value)


@settings(deadline=None, max_examples=300)
@given(
    value=st.one_of(
        st.binary(max_size=64),
        damaged(),
        st.builds(frame, st.sampled_from([schema_id(t) for t in TOPICS]), st.binary(max_size=200)),
    ),
    topic=st.sampled_from(TOPICS),
)
@example(frame(schema_id(TOPICS[0]), b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), TOPICS[0])
@example(frame(schema_id(TOPICS[0]), b"\x01"), TOPICS[0])
def test_any_bytes_are_a_record_or_a_rejection(value: bytes, topic: str) -> None:
    found = decoder().decode(topic, value)
    if isinstance(found, Rejection):
        assert found.reason in REASONS
        assert SECRET not in found.detail
        assert found.detail.isprintable()
        assert len(found.detail) < 200
    else:
        assert found.keys() == record_for(topic).keys()


class _Failing:
    """A registry that fails a few times."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.asked = 0

    def by_id(self, schema_id: int) -> RegisteredSchema:
        self.asked += 1
        if self.failures:
            raise self.failures.pop(0)
        return REGISTRY.by_id(schema_id)

    def latest(self, subject: str) -> RegisteredSchema:
        return REGISTRY.latest(subject)


def test_an_outage_of_the_registry_is_not_the_records_fault() -> None:
    registry = _Failing(RegistryUnavailable("down"), RegistryUnavailable("down"))
    one = RecordDecoder(registry, max_bytes=MAX_BYTES)
    for _ in range(2):
        with pytest.raises(RegistryUnavailable):
            one.decode(TOPICS[0], encoded())
    assert one.decode(TOPICS[0], encoded()) == record_for(TOPICS[0])
    one.decode(TOPICS[0], encoded())
    assert registry.asked == 3, "a schema is looked up once"


def test_a_schema_registered_a_moment_later_is_found() -> None:
    one = RecordDecoder(_Failing(UnknownSchema("no")), max_bytes=MAX_BYTES)
    assert isinstance(one.decode(TOPICS[0], encoded()), Rejection)
    assert one.decode(TOPICS[0], encoded()) == record_for(TOPICS[0])
