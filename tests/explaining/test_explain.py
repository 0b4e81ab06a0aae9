"""`earshot explain` as it is used: what it finds is what was counted."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from rich.console import Console

from sinks.clickhouse import ClickHouse
from streams.cli import console as console_module
from streams.cli import explained as explained_module
from streams.explaining import explain, query_of
from streams.scores import Thresholds
from tests.builders import interaction
from tests.explaining.conftest import Run, write
from tests.explaining.day import DAY, SECRET, at
from tests.explaining.definitions import MEASURES

pytestmark = pytest.mark.clickhouse


def explained(run: Run, query: str, *args: str, code: int = 0) -> dict[str, Any]:
    (found,) = json.loads(run("explain", query, "--json", *args, code=code))
    assert isinstance(found, dict)
    return found


def ids(records: list[dict[str, Any]], name: str) -> list[str]:
    return [record[name] for record in records]


def test_answers_with_their_corrections_and_what_was_left_out(run: Run) -> None:
    found = explained(run, f"nps.relational by touchpoint=delivery {DAY}T10:00/1h")
    assert found["histogram"] == [
        {"bucket": 3, "n": 1},
        {"bucket": 6, "n": 1},
        {"bucket": 7, "n": 2},
        {"bucket": 10, "n": 1},
    ]
    assert found["adds_up"]
    assert [(one["response_id"], one["value"], one["partition"]) for one in found["records"]] == [
        ("r1", 3, 0), ("r2", 10, 0), ("r3", 7, 0), ("r3", 7, 1), ("r7", 6, 0),
    ]  # fmt: skip
    first = found["records"][0]
    assert first["note"] == "corrected from 9 (revision 1) to 3 (revision 2)"
    assert (first["revision"], first["offset"]) == (2, 3)
    assert {one["response_id"]: one["left_out"] for one in found["left_out"]} == {
        "r4": "taken back (revision 2)",
        "r5": "a test",
        "r6": "dismissed without an answer",
        "r8": "counts elsewhere since revision 2",
    }
    (score,) = found["scores"]
    assert score["value"] == pytest.approx(-20.0)
    assert score["formula"] == ("100 * (n[9..10] - n[0..6]) / n = 100 * (1 - 2) / 5 = -20.00")
    assert score["method"] == "adjusted_wald"
    assert found["definitions"][0]["version"] == 1
    assert len(found["definitions"][0]["fingerprint"]) == 64


def test_a_value_of_an_attribute(run: Run) -> None:
    found = explained(run, f"nps.relational by attributes.tier=gold {DAY}")
    assert ids(found["records"], "response_id") == ["r1"]
    assert found["adds_up"]


def test_an_answer_that_is_not_complete(run: Run) -> None:
    found = explained(run, f"csat.1-5:of_sure {DAY}")
    assert [one["score"] for one in found["scores"]] == ["of_sure"]
    assert found["scores"][0]["formula"] == "100 * n[5] / n[4..5] = 100 * 2 / 4 = 50.0"
    assert [(one["response_id"], one["left_out"]) for one in found["left_out"]] == [
        ("s9", "not completed")
    ]


def test_each_customers_latest_answer(run: Run) -> None:
    found = explained(run, f"nps.customers {DAY}")
    assert [(one["response_id"], one["partition"]) for one in found["records"]] == [
        ("r1", 0), ("r3", 0), ("r3", 1), ("r7", 0),
    ]  # fmt: skip
    reasons = {one["response_id"]: one["left_out"] for one in found["left_out"]}
    assert reasons["r2"] == "a later answer of the same customer counts"
    assert reasons["r4"] == "taken back (revision 2)"
    assert found["adds_up"]
    assert "not exactly one day" not in run("explain", f"nps.customers {DAY}")
    assert "not exactly one day" in run("explain", "nps.customers 2018-03")


def test_records_that_are_counted(run: Run) -> None:
    found = explained(run, f"messages {DAY}")
    assert ids(found["records"], "event_id") == ["i2"]
    assert [(one["event_id"], one["left_out"]) for one in found["left_out"]] == [("i12", "a test")]
    assert found["scores"][0]["formula"] == "n = 1"


def test_conversations_with_their_events(run: Run) -> None:
    found = explained(run, f"first_reply by channel=EMAIL {DAY}", "--timeline")
    assert [(one["conversation_id"], one["value"]) for one in found["records"]] == [
        ("k1", 1800.0), ("k2", 7200.0),
    ]  # fmt: skip
    assert [(one["type"], one["state"]) for one in found["records"][0]["timeline"]] == [
        ("CREATED", "waiting"), ("CUSTOMER_MESSAGE", "waiting"), ("AGENT_MESSAGE", "agent"),
        ("SOLVED", "solved"),
    ]  # fmt: skip
    (bucket, _) = found["histogram"]
    assert bucket["from_s"] <= 1800 <= bucket["to_s"]
    text = run("explain", f"first_reply by channel=EMAIL {DAY}")
    assert "30 min 00 s" in text
    assert "Conversation k1 of desk" in text  # so few are told without being asked to
    assert "timeline" not in explained(run, f"first_reply {DAY}")["records"][0]


def test_targets_are_found_at_the_time_they_were_due(run: Run) -> None:
    # Nothing happened on the 16th but that the two days of a resolution were over.
    found = explained(run, "sla by sla_metric=resolution 2018-03-16")
    values = {one["conversation_id"]: one["value"] for one in found["records"]}
    assert values == {"k1": 1, "k2": 0, "k3": 0, "k4": 0, "k5": 0}
    assert found["adds_up"]


def test_a_fact_whose_horizon_is_over_is_final(run: Run) -> None:
    found = explained(run, f"no_repeat {DAY}")
    assert [(one["conversation_id"], one["value"]) for one in found["records"]] == [("k1", 0)]
    assert not found["provisional"]


def test_invitations(run: Run) -> None:
    found = explained(run, f"participation {DAY}")
    assert [(one["invitation_id"], one["value"], one["offset"]) for one in found["records"]] == [
        ("n1", 5, 2), ("n2", 1, 3),
    ]  # fmt: skip
    found = explained(run, f"contact by contact_rule=a_week_apart {DAY}")
    assert [(one["invitation_id"], one["value"]) for one in found["records"]] == [
        ("n1", 0), ("n2", 1),
    ]  # fmt: skip


def test_visits_of_a_journey(run: Run) -> None:
    found = explained(run, f"on_map {DAY}")
    seen = [(one["event_id"], one["journey_stage"], one["value"]) for one in found["records"]]
    assert sorted(seen) == [
        ("i10", "pay", 1),
        ("i11", "pay", 0),
        ("i13", "look", 0),
        ("i8", "look", 1),
    ]
    found = explained(run, f"stage_time by journey_stage=look {DAY}")
    assert [(one["event_id"], one["value"]) for one in found["records"]] == [("i8", 5400.0)]
    # Due at eleven, two hours after the visit began: nothing of it happened after that.
    found = explained(run, f"in_time {DAY}T11:00/30m")
    assert [(one["event_id"], one["value"]) for one in found["records"]] == [("i8", 1)]


EVERY = [measure.name for measure in MEASURES.measures]


@pytest.mark.parametrize("name", EVERY)
def test_every_measure_adds_up_and_names_no_customer(run: Run, name: str) -> None:
    found = explained(run, f"{name} 2018-03", "--timeline")
    assert found["adds_up"]
    assert found["records_found"] == sum(row["n"] for row in found["histogram"]) > 0
    for text in (json.dumps(found), run("explain", f"{name} 2018-03", "--timeline")):
        assert SECRET not in text


def test_an_empty_window_has_no_value(run: Run) -> None:
    found = explained(run, "nps.relational 2017")
    assert found["scores"][0]["value"] is None
    assert found["scores"][0]["n"] == 0
    assert found["scores"][0]["formula"].endswith("= NULL, because n = 0 (empty)")
    text = run("explain", "nps.relational 2017")
    assert "No answers." in text
    assert "nps: NULL  n = 0  empty" in text


def test_few_answers_are_not_shown_one_by_one(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARSHOT_SCORES__N_PRIVACY", "6")
    found = explained(run, f"nps.relational {DAY}T10:00/1h")
    assert found["scores"][0]["status"] == "suppressed"
    assert found["records"] is found["left_out"] is found["histogram"] is None
    text = run("explain", f"nps.relational {DAY}T10:00/1h")
    assert "r1" not in text.split()
    assert "fewer than 6" in text


def test_a_limit_and_options_instead_of_a_query(run: Run) -> None:
    text = run(
        "explain", "--measure", "nps.rel", "--since", f"{DAY}T10:00", "--until", "1h",
        "--by", "touchpoint=delivery", "--limit", "2",
    )  # fmt: skip
    assert "the first 2 of 5; --limit takes more" in text
    assert "the first 2 of 4; --limit takes more" in text
    assert " r3 " not in text
    assert len(explained(run, f"nps.relational {DAY}", "--limit", "3")["records"]) == 3


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("nps 2018", "nps is short for several; measures: nps.customers, nps.relational."),
        ("npss.relational 2018", "There is no measure npss.relational; measures: nps"),
        (
            "csat:middle 2018",
            "csat.1-5 has no score middle; scores: mean, median, of_sure, top_box.",
        ),
        ("csat by region=EU 2018", "not split by region; its dimensions: touchpoint, channel,"),
        ("csat by touchpoint=delivry 2018", "values: delivery."),
        ("csat 2018-03-14T10:00", "how long?"),
        ("csat 2018-03-14T10:00:30/1h", "whole minutes"),
        ("csat", "A query is MEASURE"),
    ],
)
def test_what_does_not_exist_is_told_with_what_does(run: Run, query: str, said: str) -> None:
    text = " ".join(run("explain", query, code=2).replace("│", " ").split())
    assert said in text


@pytest.mark.parametrize(
    "args",
    [(), ("csat 2018", "--since", "2018"), ("--measure", "csat"), ("csat 2018", "--limit", "0")],
)
def test_wrong_usage_ends_with_2(run: Run, args: tuple[str, ...]) -> None:
    run("explain", *args, code=2)


def test_a_revision_after_the_fact(run: Run, database: ClickHouse) -> None:
    day = "toDateTime64('2018-03-14 10:00:00', 3, 'UTC')"
    database.command(
        f"INSERT INTO {database.address.database}.revisions VALUES ('fcr.no_repeat.7d', 'desk', 'k1', "
        f"{day}, 1, 0, {day}, {day}, 'feedback.interactions', 0, 0, 6, 1)"
    )
    (revised,) = explained(run, f"no_repeat by touchpoint=care {DAY}")["revisions"]
    assert (revised["conversation_id"], revised["was"], revised["became"]) == ("k1", 1, 0)
    assert "Revised after it was final" in run("explain", f"no_repeat {DAY}")
    assert explained(run, "no_repeat 2018-03-15")["revisions"] == []
    database.command(f"TRUNCATE TABLE {database.address.database}.revisions")


def test_records_that_do_not_add_up_end_with_5(run: Run, database: ClickHouse) -> None:
    name = database.address.database
    database.command(
        f"INSERT INTO {name}.slices SELECT * REPLACE (n + 1 AS n, _chunk + 1000 AS _chunk) "
        f"FROM {name}.slices WHERE measure = 'csat.1-5' AND bucket = 2"
    )
    try:
        found = run("explain", f"csat.1-5 {DAY}", code=5)
        assert "Run `earshot verify`" in found
        run("explain", "csat.1-5 2018-03-15")  # elsewhere nothing is wrong
    finally:
        database.command(
            f"ALTER TABLE {name}.slices DELETE WHERE _chunk >= 1000 SETTINGS mutations_sync = 1"
        )


def test_counts_of_erased_customers_are_told_and_add_up(run: Run, database: ClickHouse) -> None:
    name = database.address.database
    columns = (
        "measure, series, dimensions, touchpoint, channel, attributes, slice_start, bucket, n, _topic, "
        "_epoch, _partition"
    )
    # Customer c3 is erased: the rows are gone, what they added is kept.
    database.command(
        f"INSERT INTO {name}.erased_counts ({columns}, mode, _offset) SELECT {columns}, 'keep', 99 "
        f"FROM {name}.slices FINAL WHERE measure = 'nps.relational' AND bucket = 7"
    )
    database.command(f"CREATE TABLE {name}.kept ENGINE = Memory AS SELECT * FROM {name}.answers")
    delete = (
        f"ALTER TABLE {name}.answers DELETE WHERE response_id = 'r3' SETTINGS mutations_sync = 1"
    )
    database.command(delete)
    try:
        found = explained(run, f"nps.relational {DAY}")
        assert found["adds_up"]
        assert (found["erased"], found["records_found"]) == (2, 3)
        assert found["scores"][0]["n"] == 5
        assert "2 are counted of customers who were erased" in run(
            "explain", f"nps.relational {DAY}"
        )
    finally:
        database.command(
            f"INSERT INTO {name}.answers SELECT * FROM {name}.kept WHERE response_id = 'r3'"
        )
        database.command(f"TRUNCATE TABLE {name}.erased_counts")
        database.command(f"DROP TABLE {name}.kept")
    assert explained(run, f"nps.relational {DAY}")["records_found"] == 5


def test_ids_are_shown_as_they_are_on_a_terminal(
    run: Run, monkeypatch: pytest.MonkeyPatch, database: ClickHouse
) -> None:
    shown = Console(width=100, force_terminal=True, color_system=None, highlight=False)
    for module in (explained_module, console_module):
        monkeypatch.setattr(module, "console", lambda: shown)
    odd = [
        interaction(event_id="[bold]e1", conversation_id="[k]", type="CREATED", event_time=at(1000)),
        interaction(
            event_id="e2", conversation_id="[k]", type="AGENT_MESSAGE", actor="AGENT", public=True,
            event_time=at(1001),
        ),
    ]  # fmt: skip
    write(database, "feedback.interactions", odd, partition=7)
    with shown.capture() as printed:
        run("explain", "first_reply 2018-04")
    text = printed.get()
    assert "Conversation [k] of desk" in text
    assert "[bold]e1" in text
    assert max(len(line) for line in text.splitlines()) <= 100


def test_a_worker_that_is_just_writing_is_waited_for(database: ClickHouse) -> None:
    name = database.address.database
    database.command(f"CREATE TABLE {name}.late ENGINE = Memory AS SELECT * FROM {name}.slices")
    where = "measure = 'csat.1-5'"
    database.command(f"ALTER TABLE {name}.slices DELETE WHERE {where} SETTINGS mutations_sync = 1")
    waited: list[float] = []

    def sleep(seconds: float) -> None:
        if not waited:
            database.command(f"INSERT INTO {name}.slices SELECT * FROM {name}.late WHERE {where}")
        waited.append(seconds)

    query = query_of(f"csat.1-5 {DAY}")
    now = datetime(2018, 3, 20, tzinfo=UTC)
    found = explain(database, MEASURES, Thresholds(), query, now=now, limit=None, sleep=sleep)
    database.command(f"DROP TABLE {name}.late")
    assert found.adds_up
    assert len(waited) == 1
    assert found.scores[0].result.n == 5
