"""What is wrong in the tables of sealed chunks is put right by folding them again."""

from __future__ import annotations

import pytest

from sinks.tables import TABLES
from tests.replaying.commands import earshot
from tests.worker.harness import Stage
from tests.worker.sending import events, on_the_wire, sender

pytestmark = [pytest.mark.kafka, pytest.mark.clickhouse]


def read_by_a_worker(stage: Stage, records: int) -> None:
    with sender(stage.brokers) as one:
        one.send(map(on_the_wire, events(records)))
    worker = stage.start()
    stage.wait_read(records)
    assert worker.stop() == 0


def test_counts_that_are_wrong_missing_or_too_many_are_put_right(stage: Stage) -> None:
    stage.settings = {"chunk": 16}
    read_by_a_worker(stage, 2000)
    whole = stage.tables()
    database = stage.name
    columns = ", ".join(TABLES["slices"].columns)
    of_a_full_chunk = "_topic = 'feedback.responses' AND _chunk < 16"
    # Something wrote over counts, lost others, and made some up.
    stage.clickhouse.command(
        f"INSERT INTO {database}.slices ({columns}) SELECT * REPLACE (n + 7 AS n) "
        f"FROM {database}.slices FINAL WHERE {of_a_full_chunk} AND bucket = 0"
    )
    stage.clickhouse.command(
        f"INSERT INTO {database}.slices ({columns}) SELECT * REPLACE (bucket + 5000 AS bucket) "
        f"FROM {database}.slices FINAL WHERE {of_a_full_chunk} LIMIT 3"
    )
    stage.clickhouse.command(
        f"ALTER TABLE {database}.slices DELETE WHERE {of_a_full_chunk} AND bucket = 10 "
        "SETTINGS mutations_sync = 2"
    )
    assert stage.tables() != whole
    code, said = earshot(stage, "verify")
    assert code == 5, said
    code, said = earshot(stage, "replay", "--topic", "feedback.responses")
    assert code == 0, said
    assert "3 that should not be there" in said
    assert "counts were put right" in said
    code, said = earshot(stage, "verify")
    assert code == 0, said
    counts = [row for row in stage.tables()["slices"] if row[TABLES["slices"].columns.index("n")]]
    assert counts == [row for row in whole["slices"] if row[TABLES["slices"].columns.index("n")]]
    code, said = earshot(stage, "replay")
    assert code == 0, said
    assert "Everything was right." in said


def test_the_open_chunk_is_a_workers(stage: Stage) -> None:
    read_by_a_worker(stage, 20)
    code, said = earshot(stage, "replay")
    assert code == 0, said
    assert "No chunk of this stretch is full" in said


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--into", "light"], "It is shadow"),
        (["--topic", "feedback.nothing"], "the input topics are"),
        (["--from", "soon"], "Or an offset"),
        (["--into", "shadow", "--from", "3"], "A shadow is of everything"),
    ],
)
def test_what_cannot_be_is_said(stage: Stage, arguments: list[str], expected: str) -> None:
    code, said = earshot(stage, "replay", *arguments)
    assert code == 2
    assert expected in said
