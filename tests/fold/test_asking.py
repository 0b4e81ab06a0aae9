"""The record that asks for an erasure: what it says, and when it is not followed."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.fold.erasing import Erasure, Mode, SubjectKind, control_of, headers_of
from streams.fold.rejection import Rejection

#: Reason -> headers and key that end in it.
ASKING: dict[str, list[tuple[list[tuple[str, bytes | None]], bytes | None]]] = {
    "malformed_forget": [
        ([("earshot-forget", b"")], b"c1"),
        ([("earshot-forget", None)], b"c1"),
        ([("earshot-forget", b"forget everybody")], b"c1"),
        ([("earshot-forget", b"keep customer")] * 2, b"c1"),
        ([("earshot-forget", b"keep customer")], None),
        ([("earshot-forget", b"keep customer")], b""),
        ([("earshot-forget", b"keep customer")], b"\xff"),
        ([("earshot-forget", b"keep customer"), ("earshot-request", b"\xff")], b"c1"),
        ([("earshot-forget", b"keep customer"), ("earshot-request", b"x" * 65)], b"c1"),
    ]
}


@pytest.mark.parametrize(("headers", "key"), ASKING["malformed_forget"])
def test_what_cannot_be_followed_is_rejected(headers: Any, key: bytes | None) -> None:
    found = control_of(key, headers)
    assert isinstance(found, Rejection)
    assert found.reason == "malformed_forget"
    assert "c1" not in found.detail


@given(
    name=st.text(min_size=1, max_size=30).filter(lambda text: text.isprintable()),
    kind=st.sampled_from(get_args(SubjectKind)),
    mode=st.sampled_from(get_args(Mode)),
    request=st.text("0123456789abcdef", max_size=32),
)
def test_what_is_asked_is_what_is_heard(
    name: str, kind: SubjectKind, mode: Mode, request: str
) -> None:
    found = control_of(name.encode(), headers_of(kind, mode, request))
    assert isinstance(found, Erasure)
    assert (found.kind, found.mode, found.request) == (kind, mode, request)
    assert found.key == name.encode()
    assert found.subject == f"{kind[0]}:{name}"


def test_other_headers_ask_for_nothing() -> None:
    assert control_of(b"c1", [("traceparent", b"00-1")]) is None


def test_the_id_is_not_shown() -> None:
    assert "somebody" not in repr(Erasure("c:somebody", "customer", "keep"))
