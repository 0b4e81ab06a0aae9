"""The Confluent wire format."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.framing import HEADER_BYTES, Frame, frame, unframe


def test_the_layout_is_magic_id_body() -> None:
    # Byte 0: magic byte 0. Bytes 1-4: the schema id, big-endian. Then the body.
    assert frame(100_125, b"body") == b"\x00" + b"\x00\x01\x87\x1d" + b"body"
    assert unframe(b"\x00\x00\x01\x87\x1dbody") == Frame(100_125, b"body")


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 2**32 - 1), st.binary(max_size=20))
def test_what_is_framed_comes_back(schema_id: int, body: bytes) -> None:
    assert unframe(frame(schema_id, body)) == Frame(schema_id, body)


@settings(deadline=None, max_examples=100)
@given(st.binary(max_size=12))
def test_only_a_whole_header_with_the_magic_byte_is_a_frame(value: bytes) -> None:
    found = unframe(value)
    assert (found is not None) == (len(value) >= HEADER_BYTES and value[0] == 0)


def test_an_empty_body_is_a_frame() -> None:
    assert unframe(frame(1, b"")) == Frame(1, b"")
