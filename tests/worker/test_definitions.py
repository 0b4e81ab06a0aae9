"""A new measures file: taken up at the next chunk, and refused under an old version."""

from __future__ import annotations

from importlib import resources

import pytest

from tests.waiting import until
from tests.worker.harness import Stage
from tests.worker.sending import events, on_the_wire, sender, truth_of

pytestmark = [pytest.mark.kafka, pytest.mark.clickhouse]


def test_measures_change_at_the_border_of_a_chunk(stage: Stage) -> None:
    shipped = (resources.files("schemas") / "measures.toml").read_text(encoding="utf-8")
    file = stage.folder / "measures.toml"
    file.write_text(shipped, encoding="utf-8")
    stage.variables["EARSHOT_SCORES__MEASURES_FILE"] = str(file)
    # Whatever the tests before have left of the chunks, each partition comes to a border.
    stage.settings = {"chunk": 16}
    sent = events(2000)
    wire = list(map(on_the_wire, sent))
    with sender(stage.brokers) as one:
        one.send(wire[:900])
        worker = stage.start()
        stage.wait_read(900)
        worker.kill()  # chunks are open, and some of their flushes are cut short
        stage.evict()

        renamed = shipped.replace('name = "answers"', 'name = "answers.all"')
        file.write_text(renamed, encoding="utf-8")
        worker = stage.start()
        until("the end of the worker", lambda: worker.process.poll() is not None)
        assert worker.process.returncode == 4
        assert "Raise `version`" in worker.log.read_text(encoding="utf-8")

        file.write_text(renamed.replace("version = 1", "version = 2", 1), encoding="utf-8")
        worker = stage.start()
        one.send(wire[900:])
        stage.wait_read(len(sent))
        assert worker.stop() == 0
    assert stage.fates() == dict(truth_of(sent).fates)
    rows = stage.clickhouse.rows(
        "SELECT _topic, _partition, _chunk, groupUniqArray(v) FROM ("
        f"  SELECT _topic, _partition, _chunk, definitions AS v FROM {stage.name}.ledger FINAL "
        "  UNION ALL "
        f"  SELECT _topic, _partition, _chunk, _definitions FROM {stage.name}.slices FINAL) "
        "GROUP BY ALL"
    )
    assert all(len(versions) == 1 for *_, versions in rows)
    assert {versions[0] for *_, versions in rows} == {1, 2}
    names = "SELECT measure, sum(n) FROM {}.slices FINAL WHERE measure LIKE 'answers%' GROUP BY 1"
    found = dict(stage.clickhouse.rows(names.format(stage.name)))
    ((answers,),) = stage.clickhouse.rows(
        f"SELECT count() FROM {stage.name}.answers_current WHERE NOT dismissed AND NOT is_test"
    )
    assert found.keys() == {"answers", "answers.all"}
    assert sum(found.values()) == answers
