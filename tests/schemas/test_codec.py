"""Records to bytes and back, across versions, and damaged bytes without a leak."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.codec import Decoder, Encoder, MalformedRecord, TrailingBytes
from schemas.errors import SchemaError
from schemas.framing import unframe
from schemas.registry import FileRegistry
from tests.schemas.builders import field, record, release_versions

SECRET = "c-4711-secret"
ANSWER = {
    "event_id": "e1",
    "source": "survey",
    "response_id": "r1",
    "question_id": "q1",
    "survey_id": "s1",
    "op": "CREATE",
    "metric": "NPS",
    "scale_min": 0,
    "scale_max": 10,
    "value_number": 9.0,
    "value_text": SECRET,
    "customer_id": SECRET,
    "responded_at": 1_760_000_000_123,
    "attributes": [{"name": SECRET, "value": SECRET}],
}


def _body(answer: dict[str, Any]) -> bytes:
    framed = unframe(Encoder(FileRegistry(), "feedback.responses").encode(answer))
    assert framed is not None
    return framed.body


def _decoder() -> Decoder:
    schema = FileRegistry().by_id(1)
    return Decoder(schema, schema)


def test_a_record_comes_back_with_its_defaults_and_plain_times() -> None:
    found = _decoder().decode(_body(ANSWER))
    assert found == {**found, **ANSWER}
    assert found["responded_at"] == 1_760_000_000_123  # milliseconds, not a datetime
    assert found["revision"] == 1
    assert found["higher_is_better"] is True
    assert found["survey_kind"] == "UNKNOWN"


def test_the_frame_names_the_newest_schema() -> None:
    encoder = Encoder(FileRegistry(), "feedback.responses")
    framed = unframe(encoder.encode(ANSWER))
    assert framed is not None
    assert framed.schema_id == encoder.schema.id == 1


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_a_body_cut_anywhere_is_malformed_and_quotes_nothing(data: st.DataObject) -> None:
    body = _body(ANSWER)
    cut = data.draw(st.integers(0, len(body) - 1))
    with pytest.raises(MalformedRecord) as caught:
        _decoder().decode(body[:cut])
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None


@settings(deadline=None, max_examples=60)
@given(st.binary(min_size=1, max_size=30))
def test_bytes_after_the_record_are_noticed(extra: bytes) -> None:
    with pytest.raises(TrailingBytes, match=f"^{len(extra)} bytes follow"):
        _decoder().decode(_body(ANSWER) + extra)


@settings(deadline=None, max_examples=150)
@given(st.binary(max_size=200))
def test_garbage_is_a_record_or_malformed_and_nothing_else(garbage: bytes) -> None:
    try:
        assert isinstance(_decoder().decode(garbage), dict)
    except MalformedRecord as error:
        assert error.exit_code == 5


@settings(deadline=None, max_examples=100)
@given(st.data())
def test_a_flipped_byte_never_leaks_the_record(data: st.DataObject) -> None:
    body = bytearray(_body(ANSWER))
    body[data.draw(st.integers(0, len(body) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        _decoder().decode(bytes(body))
    except MalformedRecord as error:
        assert SECRET not in str(error)
        assert SECRET[:6] not in str(error)


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"value_number": SECRET}, id="type"),
        pytest.param({"event_id": None}, id="null"),
        pytest.param({"op": SECRET}, id="symbol"),
        pytest.param({"scale_min": 2**40}, id="range"),
    ],
)
def test_a_wrong_record_is_refused_without_its_values(wrong: dict[str, Any]) -> None:
    with pytest.raises(SchemaError, match=r"feedback\.responses-value") as caught:
        _body({**ANSWER, **wrong})
    assert SECRET not in str(caught.value)


def test_a_missing_required_field_is_refused() -> None:
    with pytest.raises(SchemaError):
        _body({name: value for name, value in ANSWER.items() if name != "event_id"})


def test_old_and_new_versions_read_each_other(tmp_path: Path) -> None:
    kind = {"type": "enum", "name": "Kind", "symbols": ["UNKNOWN", "X"], "default": "UNKNOWN"}
    wider = {**kind, "symbols": ["UNKNOWN", "X", "Y"]}
    release_versions(
        tmp_path,
        record(field("a", "string"), field("gone", "int", default=4), field("kind", kind)),
        record(field("a", "string"), field("extra", "string", default="d"), field("kind", wider)),
    )
    registry = FileRegistry(tmp_path)
    first, second = registry.all()
    written = unframe(Encoder(registry, "things").encode({"a": "x", "extra": "e", "kind": "Y"}))
    assert written is not None
    assert written.schema_id == second.id
    # An old reader: the field it misses has its default, the symbol it does not know is UNKNOWN.
    old = Decoder(second, first).decode(written.body)
    assert old == {"a": "x", "gone": 4, "kind": "UNKNOWN"}
    # A new reader of an old record (a: "x", gone: 1, kind: X).
    assert Decoder(first, second).decode(b"\x02x\x02\x02") == {"a": "x", "extra": "d", "kind": "X"}
