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
    assert "Nothing was sent." in said
    assert [line for line in str(error.value).split("\n") if line != line.rstrip()] == []


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


def test_what_would_refuse_every_row_is_told_up_front_and_at_once(prepared: Prepare) -> None:
    mapping = (
        ANSWERS.replace("scale = [0, 10]", "scale = [10, 0]")
        .replace('responded_at = "at"', 'responded_at = { column = "at", time = "%Y-%m-%d %Q" }')
        .replace('response_id = "id"', 'response_id = "nosuch"')
    ) + ANSWERS.replace("[0, 10]", "[1, 9]")
    with pytest.raises(ConfigError) as error:
        prepared(mapping, HEADER)
    said = error.value.what
    assert "event[0].scale: the lowest comes first, but 10 is not below 0" in said
    assert "event[0].columns.responded_at.time: 'Q' is a bad directive" in said
    assert "event[0].columns.response_id: the file has no column nosuch" in said
    assert (
        "event[1]: no measure declares metric NPS, survey_kind RELATIONSHIP, scale 1 to 9" in said
    )
    assert "0 to 10 (RELATIONSHIP)" in said
    assert "event[0]: no measure" not in said  # its scale was reported


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("scale = [0, 10]", "", "no scale"),
        ('"RELATIONSHIP"', '"UNKNOWN"', "survey_kind UNKNOWN"),
        (
            '"NPS"',
            '"CES_LEGACY"\nscale_min = 1',
            r"1 to 5 \(any survey_kind, higher_is_better false",
        ),
    ],
)
def test_an_answer_no_measure_declares_is_told_up_front(
    prepared: Prepare, old: str, new: str, message: str
) -> None:
    with pytest.raises(ConfigError, match=rf"event\[0\]: no measure declares.*{message}"):
        prepared(ANSWERS.replace(old, new), HEADER)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('metric = "NPS"', 'metric = "TEXT"'),  # has no scale
        ("scale = [0, 10]", "[event.attributes]"),
    ],
)
def test_what_a_row_may_decide_is_left_to_the_rows(prepared: Prepare, old: str, new: str) -> None:
    mapping = ANSWERS.replace(old, new)
    if "attributes" in new:
        mapping += 'scale_min = "score"\nscale_max = "score"\n'
    assert prepared(mapping, HEADER).topics == ("feedback.responses",)


@pytest.mark.parametrize("time_format", ["%d.%m.%Y %", "%d %d", "dd.mm.yyyy", "%e.%m.%Y"])
def test_a_pattern_that_reads_no_time_is_told(prepared: Prepare, time_format: str) -> None:
    mapping = '[input]\ntime_zone = "Europe/Paris"\n' + ANSWERS.replace(
        'responded_at = "at"', f'responded_at = {{ column = "at", time = "{time_format}" }}'
    )
    with pytest.raises(ConfigError, match=r"event\[0\]\.columns\.responded_at\.time: "):
        prepared(mapping, HEADER)


@pytest.mark.parametrize(("sign", "shown"), [(";", ";"), ("\t", r"\\t"), ("|", r"\|")])
def test_a_wrong_delimiter_is_told_instead_of_every_column(
    prepared: Prepare, sign: str, shown: str
) -> None:
    with pytest.raises(ConfigError, match=rf'input\.delimiter: .*; set delimiter = "{shown}"') as e:
        prepared(ANSWERS, HEADER.replace(",", sign))
    assert "the file has no column" not in e.value.what
