"""A measure that is new counts what is old as well: built anew beside what is shown, then shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import schemas
from tests.replaying.commands import earshot
from tests.waiting import until
from tests.worker.harness import Stage
from tests.worker.sending import events, on_the_wire, sender

pytestmark = [pytest.mark.kafka, pytest.mark.clickhouse]

#: What two folds may not agree on: who folded, into which epoch.
COUNTS = "SELECT * EXCEPT (_epoch) FROM {database}.slices FINAL WHERE n != 0 AND {shown}"


def newer(folder: Path) -> Path:
    """Return measures of another version, which tell fewer things apart."""
    text = (Path(schemas.__file__).parent / "measures.toml").read_text(encoding="utf-8")
    assert "\nversion = 1\n" in text
    path = folder / "measures.toml"
    changed = text.replace("version = 1", "version = 2", 1)
    path.write_text(
        changed.replace(', "journey_stage", "team_id"', ', "team_id"'), encoding="utf-8"
    )
    return path


def counts(stage: Stage) -> list[tuple[Any, ...]]:
    shown = f"(_topic, _epoch) NOT IN (SELECT topic, epoch FROM {stage.name}.hidden_epochs)"
    return sorted(stage.clickhouse.rows(COUNTS.format(database=stage.name, shown=shown)), key=repr)


def test_a_new_measure_counts_the_past_while_workers_go_on(stage: Stage, tmp_path: Path) -> None:
    wire = list(map(on_the_wire, events(3000)))
    with sender(stage.brokers) as one:
        one.send(wire[:2000])
        worker = stage.start()
        stage.wait_read(2000)
        assert worker.stop() == 0
        stage.variables["EARSHOT_SCORES__MEASURES_FILE"] = str(newer(tmp_path))
        worker = stage.start()
        one.send(wire[2000:2500])
        stage.wait_read(2500)
        code, said = earshot(stage, "replay", "--into", "shadow")
        assert code == 0, said
        assert "It is shown from now on" in said
        assert said.count("Dropped") == 4
        one.send(wire[2500:])
        until("the worker in the new epoch", lambda: worker.events("epoch_changed"))
        stage.wait_read(3000)
        assert worker.stop() == 0
    code, said = earshot(stage, "verify")
    assert code == 0, said
    fresh = Stage(stage.brokers, stage.access, stage.folder, stage.starts,
                  variables=stage.variables)  # fmt: skip
    fresh.make_tables()
    try:
        worker = fresh.start()
        fresh.wait_read(3000)
        assert worker.stop() == 0
        assert counts(stage) == counts(fresh)
        assert stage.fates() == fresh.fates()
    finally:
        fresh.close()
    code, said = earshot(stage, "replay", "--drop")  # what the worker was just writing then
    assert code == 0, said
    assert not stage.clickhouse.rows(f"SELECT 1 FROM {stage.name}.slices WHERE _epoch = 0 LIMIT 1")
    code, said = earshot(stage, "verify")
    assert code == 0, said


def test_what_kafka_does_not_keep_is_built_from_the_raw_rows(stage: Stage, tmp_path: Path) -> None:
    wire = list(map(on_the_wire, events(2500)))
    with sender(stage.brokers) as one:
        one.send(wire[:1500])
        worker = stage.start()
        stage.wait_read(1500)
        assert worker.stop() == 0
        stage.delete_records()
        one.send(wire[1500:])
    worker = stage.start()
    stage.wait_read(2500)
    assert worker.stop() == 0
    stage.variables["EARSHOT_SCORES__MEASURES_FILE"] = str(newer(tmp_path))
    code, said = earshot(stage, "replay", "--into", "shadow")
    assert code == 4, said
    assert "--source raw" in said
    before = stage.clickhouse.rows(f"SELECT count() FROM {stage.name}.answers_current")
    code, said = earshot(stage, "replay", "--into", "shadow", "--source", "raw")
    assert code == 0, said
    assert stage.clickhouse.rows(f"SELECT count() FROM {stage.name}.answers_current") == before
    code, said = earshot(stage, "verify")
    assert code == 0, said
