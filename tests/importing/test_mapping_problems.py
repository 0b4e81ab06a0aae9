"""A wrong mapping is told whole: every problem with its key path, before anything is sent."""

from __future__ import annotations

import pytest

from schemas.errors import ConfigError
from tests.importing.conftest import ANSWERS, HEADER, Prepare

WRONG = """
surprise = 1
[input]
time_zone = "Mars/Olympus"
delimeter = ";"
[lookup.person]
file = "people.csv"
key = "id"
[[event]]
topic = "feedback.responses"
colour = "red"
[event.columns]
response_id = "id"
[[event]]
topic = "feedback.reponses"
[[event]]
topic = "feedback.responses"
scale = [0, 10]
when = { column = "score", equals = "1", empty = true }
[event.constants]
source = "shop"
survey_id = "s1"
metric = "MPS"
revision = "first"
tags = ["a"]
[event.columns]
response_id = { join = ["id", "nosuch"] }
question_id = { column = "id", join = ["id"] }
customer_id = { column = "customer", lookup = "nobody" }
value_numbre = "score"
value_number = { column = "score", map = { good = 1, bad = "worst" } }
responded_at = { column = "at", time = "%d.%m.%Y" }
touchpoint = { column = "at", time = "iso" }
attributes = "customer"
"""


def test_every_problem_is_reported_at_once_with_its_key_path(prepared: Prepare) -> None:
    with pytest.raises(ConfigError) as error:
        prepared(WRONG, HEADER)
    said = error.value.what.splitlines()
    for expected in (
        "surprise: not a key of a mapping",
        "input.time_zone: there is no time zone Mars/Olympus",
        "input.delimeter: not a key of this table",
        "lookup.person.value: field required",
        "event[0].colour: not a key of this table",
        "event[1].topic: feedback.reponses is none of feedback.responses",
        "event[2].when.0: use one of equals",
        "event[2].constants.metric: the value is none of UNKNOWN, NPS",
        "event[2].constants.revision: the value is not a number",
        "event[2].columns.question_id: say exactly one of column, join and value",
        "event[2].columns.customer_id.lookup: no [lookup.nobody]",
        "event[2].columns.value_numbre: feedback.responses has no field value_numbre",
        "event[2].columns.value_number.map.bad: the value is not a number",
        "event[2].columns.responded_at.time: %d.%m.%Y holds no offset; set input.time_zone",
        "event[2].columns.touchpoint.time: touchpoint is not a time",
        "event[2].columns.attributes: use event[2].attributes",
        "event[2].columns.response_id: the file has no column nosuch; it has id, customer",
    ):
        assert any(line.strip().startswith(expected) for line in said), (expected, said)
    assert error.value.exit_code == 3
    assert "Nothing was sent" in error.value.cure


def test_a_field_the_topic_needs_is_asked_for(prepared: Prepare) -> None:
    with pytest.raises(ConfigError, match=r"event\[0\]: responded_at is needed"):
        prepared(ANSWERS.replace('responded_at = "at"', ""), HEADER)


def test_a_constant_and_a_column_for_one_field_is_one_too_many(prepared: Prepare) -> None:
    mapping = ANSWERS + 'question_id = "id"\n'
    with pytest.raises(ConfigError, match=r"event\[0\]\.columns\.question_id: also a constant"):
        prepared(mapping, HEADER)


def test_toml_errors_name_the_line(prepared: Prepare) -> None:
    with pytest.raises(ConfigError, match=r"not valid TOML.*line 2"):
        prepared("[input]\ndelimiter = ;\n", HEADER)


def test_a_missing_file_is_one_clean_message(prepared: Prepare) -> None:
    with pytest.raises(ConfigError, match=r"Cannot read .*in\.csv: No such file"):
        prepared(ANSWERS, "")


def test_an_event_is_needed(prepared: Prepare) -> None:
    with pytest.raises(ConfigError, match=r"event: at least one \[\[event\]\]"):
        prepared('[input]\ndelimiter = ","\n', HEADER)


def test_an_unknown_ending_asks_for_the_format(prepared: Prepare) -> None:
    with pytest.raises(ConfigError, match="could be of any format"):
        prepared(ANSWERS, HEADER, name="in.data")
