"""Values of files as fields take them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.catalog import INPUTS
from schemas.registry import FileRegistry, subject_of
from streams.importing.contract import Field, fields_of
from streams.importing.numbers import number_of, whole_of
from streams.importing.reasons import Refused
from streams.importing.values import converter


@pytest.mark.parametrize(
    "text", ["", "ten", "1_0", "nan", "inf", "1,5", "0x1", "٣", True, None, []]
)
def test_what_is_no_number_is_refused(text: Any) -> None:
    with pytest.raises(Refused) as refusal:
        number_of(text)
    assert refusal.value.reason == "not_a_number"


@settings(max_examples=50, deadline=None)
@given(st.integers(-(10**18), 10**18))
def test_whole_numbers_keep_every_digit(number: int) -> None:
    assert whole_of(str(number)) == whole_of(number) == number


def test_a_fraction_is_not_whole() -> None:
    with pytest.raises(Refused) as refusal:
        whole_of("4.5")
    assert refusal.value.reason == "not_whole"


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        (Field("x", "text", required=False), 17.0, "17"),
        (Field("x", "text", required=False), "  a b ", "a b"),
        (Field("x", "flag", required=False), "No", False),
        (Field("x", "flag", required=False), 1, True),
        (Field("x", "symbol", required=False, symbols=("IN_APP",)), "in-app", "IN_APP"),
        (Field("x", "texts", required=False), ["a", None, 2], ["a", "2"]),
        (Field("x", "number", required=False), "10", 10.0),
    ],
)
def test_conversions(field: Field, value: Any, expected: Any) -> None:
    assert converter(field)(value) == expected


def test_tags_are_split() -> None:
    split = converter(Field("tags", "texts", required=False), split=";")
    assert split("a; b;;c ") == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        (Field("x", "text", required=False), {"a": 1}, "wrong_type"),
        (Field("x", "text", required=False), "caf\udce9", "bad_encoding"),
        (Field("x", "flag", required=False), "maybe", "not_a_flag"),
        (Field("x", "symbol", required=False, symbols=("A",)), "B", "unknown_symbol"),
    ],
)
def test_refusals(field: Field, value: Any, reason: str) -> None:
    with pytest.raises(Refused) as refusal:
        converter(field)(value)
    assert refusal.value.reason == reason


def test_every_field_of_every_input_topic_can_be_filled() -> None:
    for topic in INPUTS:
        fields = fields_of(FileRegistry().latest(subject_of(topic.name)).definition)
        assert fields["event_id"].required
        assert fields["attributes"].kind == "attributes"
        assert fields["customer_id"].kind == "text"
