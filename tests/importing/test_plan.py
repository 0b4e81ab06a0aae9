"""From a row to its events."""

from __future__ import annotations

import uuid
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.errors import ConfigError
from schemas.registry import FileRegistry
from streams.fold.decoding import RecordDecoder
from streams.importing.plan import Outgoing, Plan
from streams.importing.reasons import Refused, cure_of
from tests.importing.conftest import ANSWERS, HEADER, NOW_MS, Prepare


def events(plan: Plan) -> list[Outgoing]:
    return [event for row in plan.rows.read() for event in plan.events(row.cells, NOW_MS)]


def refusal(plan: Plan) -> Refused:
    (row,) = plan.rows.read()
    with pytest.raises(Refused) as caught:
        plan.events(row.cells, NOW_MS)
    return caught.value


def test_an_answer_is_what_the_decoder_of_the_worker_reads(prepared: Prepare) -> None:
    plan = prepared(ANSWERS, HEADER + "r1,c1,9,2025-01-02T03:04:05Z\n")
    (event,) = events(plan)
    assert (event.topic, event.key) == ("feedback.responses", "c1")
    record = RecordDecoder(FileRegistry(), max_bytes=1 << 20).decode(event.topic, event.value)
    assert record == event.record
    assert record["value_number"] == 9.0
    assert record["responded_at"] == 1_735_787_045_000
    assert (record["scale_min"], record["scale_max"], record["op"]) == (0, 10, "CREATE")


def test_ids_are_the_same_every_time_and_differ_between_answers(prepared: Prepare) -> None:
    content = HEADER + "r1,c1,9,2025-01-02T03:04:05Z\nr2,c1,9,2025-01-02T03:04:05Z\n"
    first, second = [
        [event.record["event_id"] for event in events(prepared(ANSWERS, content))] for _ in "12"
    ]
    assert first == second
    assert len(set(first)) == 2
    assert all(uuid.UUID(event_id).version == 5 for event_id in first)


def test_a_changed_score_of_the_same_revision_keeps_its_id_and_a_revision_changes_it(
    prepared: Prepare,
) -> None:
    mapping = ANSWERS + 'revision = "rev"\n'
    header = HEADER.replace("id,", "rev,id,")
    ids = [
        events(prepared(mapping, f"{header}{rev},r1,c1,{score},2025-01-02T03:04:05Z\n"))[0].record[
            "event_id"
        ]
        for rev, score in [(1, 9), (1, 3), (2, 3)]
    ]
    assert ids[0] == ids[1] != ids[2]


def test_an_answer_of_nobody_is_keyed_by_its_submission(prepared: Prepare) -> None:
    plan = prepared(ANSWERS, HEADER + "r1,,9,2025-01-02T03:04:05Z\n")
    (event,) = events(plan)
    assert event.key == "r1"
    assert event.record["customer_id"] is None


@pytest.mark.parametrize(
    ("line", "reason", "detail"),
    [
        ("r1,c1,11,2025-01-02T03:04:05Z", "score_out_of_range", "value_number"),
        ("r1,c1,9.5,2025-01-02T03:04:05Z", "score_not_whole", "value_number"),
        ("r1,c1,,2025-01-02T03:04:05Z", "missing_score", "value_number"),
        ("r1,c1,good,2025-01-02T03:04:05Z", "not_a_number", "value_number"),
        ("r1,c1,9,", "empty_field", "responded_at"),
        (",c1,9,2025-01-02T03:04:05Z", "empty_field", "response_id"),
        ("r1,c1,9,yesterday", "not_a_time", "responded_at"),
        ("r1,c1,9,2025-01-02T03:04:05", "no_time_zone", "responded_at"),
        ("r1,c1,9,2031-01-01T00:00:00Z", "future_dated", "responded_at"),
    ],
)
def test_a_bad_row_is_refused_by_the_rules_of_the_worker(
    prepared: Prepare, line: str, reason: str, detail: str
) -> None:
    caught = refusal(prepared(ANSWERS, f"{HEADER}{line}\n"))
    assert caught.reason == reason
    assert caught.detail.startswith(detail)
    assert "c1" not in caught.detail


def test_too_large_an_event_is_refused(prepared: Prepare) -> None:
    plan = prepared(
        ANSWERS + 'value_text = "id"\n',
        f"{HEADER}{'x' * 600},c1,9,2025-01-02T03:04:05Z\n",
        max_bytes=700,
    )
    assert refusal(plan).reason == "too_large"


def test_a_number_beyond_its_type_is_refused(prepared: Prepare) -> None:
    plan = prepared(
        ANSWERS + 'survey_version = "id"\n', f"{HEADER}99999999999,c1,9,2025-01-02T03:04:05Z\n"
    )
    assert refusal(plan).reason == "does_not_fit"


def test_words_become_scores(prepared: Prepare) -> None:
    mapping = ANSWERS.replace('metric = "NPS"', 'metric = "CSAT"').replace("[0, 10]", "[0, 1]")
    mapping = mapping.replace(
        'value_number = "score"', 'value_number = { column = "score", map = { good = 1, bad = 0 } }'
    )
    good = prepared(mapping, HEADER + "r1,c1,good,2025-01-02T03:04:05Z\n")
    assert events(good)[0].record["value_number"] == 1.0
    odd = prepared(mapping, HEADER + "r1,c1,fine,2025-01-02T03:04:05Z\n")
    assert refusal(odd).reason == "unmapped_value"


ANSWER_AND_INVITATION = (
    ANSWERS
    + """
invited_at = "invited"
[event.attributes]
plan = "plan"
shop = { value = "north" }
[[event]]
topic = "feedback.invitations"
when = [{ column = "invited" }, { column = "plan", not_equals = ["trial"] }]
[event.constants]
source = "shop"
survey_id = "s1"
status = "SENT"
[event.columns]
invitation_id = { join = ["id", "customer"], separator = "/" }
customer_id = "customer"
event_time = "invited"
"""
)
WIDE = "id,customer,score,at,invited,plan\n"


def test_one_row_becomes_several_events_when_its_columns_say_so(prepared: Prepare) -> None:
    content = WIDE + (
        "r1,c1,9,2025-01-02T00:00:00Z,2025-01-01T00:00:00Z,gold\n"
        "r2,c2,3,2025-01-02T00:00:00Z,,gold\n"
        "r3,c3,3,2025-01-02T00:00:00Z,2025-01-01T00:00:00Z,trial\n"
    )
    got = events(prepared(ANSWER_AND_INVITATION, content))
    assert [(event.topic, event.key) for event in got] == [
        ("feedback.responses", "c1"),
        ("feedback.invitations", "c1"),
        ("feedback.responses", "c2"),
        ("feedback.responses", "c3"),
    ]
    assert got[1].record["invitation_id"] == "r1/c1"
    assert got[0].record["invited_at"] == got[1].record["event_time"]
    assert got[0].record["attributes"] == [
        {"name": "plan", "value": "gold"},
        {"name": "shop", "value": "north"},
    ]


def test_one_refused_event_refuses_its_whole_row(prepared: Prepare) -> None:
    plan = prepared(
        ANSWER_AND_INVITATION, WIDE + "r1,,9,2025-01-02T00:00:00Z,2025-01-01T00:00:00Z,gold\n"
    )
    caught = refusal(plan)
    assert (caught.reason, caught.detail.split(":")[0]) == ("empty_field", "invitation_id")


LOOKED_UP = (
    ANSWERS.replace(
        'customer_id = "customer"',
        'customer_id = { column = "customer", lookup = ["order", "person"] }',
    )
    + """
[lookup.order]
file = "orders.csv"
key = "order"
value = "account"
[lookup.person]
file = "people.parquet"
key = "account"
value = "person"
"""
)


def write_lookups(folder: Path) -> None:
    (folder / "orders.csv").write_text("order,account\no1,1\no2,2\n", encoding="utf-8")
    pl.DataFrame({"account": [1], "person": ["p1"]}).write_parquet(folder / "people.parquet")


def test_look_ups_chain_over_files_of_any_format(prepared: Prepare, tmp_path: Path) -> None:
    write_lookups(tmp_path)
    plan = prepared(LOOKED_UP, HEADER + "r1,o1,9,2025-01-02T00:00:00Z\n")
    assert events(plan)[0].key == "p1"


@pytest.mark.parametrize("order", ["o2", "o3"])
def test_a_missing_key_refuses_the_row_or_leaves_the_field_empty(
    prepared: Prepare, tmp_path: Path, order: str
) -> None:
    write_lookups(tmp_path)
    content = f"{HEADER}r1,{order},9,2025-01-02T00:00:00Z\n"
    assert refusal(prepared(LOOKED_UP, content)).reason == "not_in_lookup"
    lenient = LOOKED_UP.replace('"person"] }', '"person"], missing = "empty" }')
    assert events(prepared(lenient, content))[0].record["customer_id"] is None


def test_a_look_up_that_cannot_be_used_is_told_with_every_other_problem(
    prepared: Prepare, tmp_path: Path
) -> None:
    write_lookups(tmp_path)
    (tmp_path / "orders.csv").write_text("order,account\no1,1\no1,2\n", encoding="utf-8")
    mapping = LOOKED_UP.replace('value = "person"', 'value = "nobody"')
    with pytest.raises(ConfigError) as error:
        prepared(mapping + "\n[input]\nmax_lookup_rows = 5\n", HEADER)
    assert "lookup.order: line 3 of orders.csv cannot be used: a key comes back" in error.value.what
    assert "lookup.person: people.parquet has no column nobody" in error.value.what
    first = mapping.replace('value = "nobody"', 'value = "person"').replace(
        'value = "account"', 'value = "account"\nrepeated = "first"'
    )
    plan = prepared(first, HEADER + "r1,o1,9,2025-01-02T00:00:00Z\n")
    assert events(plan)[0].key == "p1"


def test_a_look_up_is_bounded(prepared: Prepare, tmp_path: Path) -> None:
    write_lookups(tmp_path)
    with pytest.raises(ConfigError, match=r"orders\.csv has more than 1 rows"):
        prepared(LOOKED_UP + "\n[input]\nmax_lookup_rows = 1\n", HEADER)


def test_a_secret_of_a_row_is_in_no_message(prepared: Prepare) -> None:
    plan = prepared(ANSWERS, HEADER + "r1,c1,my-secret,2025-01-02T00:00:00Z\n")
    assert "my-secret" not in str(refusal(plan))


EVERYTHING = """
[input]
time_zone = "America/Sao_Paulo"
[[event]]
topic = "feedback.responses"
when = { column = "w", not_equals = "no" }
[event.constants]
source = "shop"
survey_id = "s"
metric = "CSAT"
scale_min = 1
scale_max = 5
[event.columns]
response_id = { join = ["a", "b"] }
question_id = "b.0.c"
customer_id = "a"
value_number = { column = "n", default = 3 }
value_text = "t"
survey_version = "n"
completed = { column = "f", default = true }
survey_kind = "k"
tags = { column = "t", split = "," }
invited_at = { column = "n", time = ["unix_s", "unix_ms"] }
responded_at = { column = "t", time = ["iso", "%d.%m.%Y", "unix_ms"] }
"""

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12)
    | st.datetimes().map(str) | st.sampled_from(["no", "yes", "RELATIONSHIP", "0001-01-01"])
    | st.just(10**400),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.just("c"), inner),
    max_leaves=4,
)  # fmt: skip


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(cells=st.dictionaries(st.sampled_from("abntfkw"), VALUES))
def test_whatever_is_in_a_row_it_becomes_events_or_is_refused(
    prepared: Prepare, cells: dict[str, object]
) -> None:
    plan = prepared(EVERYTHING, b"{}\n", name="in.ndjson")
    try:
        found = plan.events(cells, NOW_MS)
    except Refused as refused:
        assert cure_of(refused.reason)
    else:
        decoder = RecordDecoder(FileRegistry(), max_bytes=1 << 20)
        assert all(decoder.decode(event.topic, event.value) == event.record for event in found)
    finally:
        plan.rows.close()
