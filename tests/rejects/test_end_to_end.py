"""From a reject over its cure to its replay, with a broker, a worker and the engine."""

from __future__ import annotations

import json
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from schemas.errors import StreamError
from schemas.framing import frame, unframe
from streams.cli.rejects import rejects
from tests.builders import ANSWERS, NOW_MS, answer
from tests.databases import use
from tests.rejects.conftest import answer_bytes
from tests.waiting import until
from tests.worker.conftest import stage
from tests.worker.harness import Stage
from tests.worker.sending import Outgoing, Place, encode, sender

__all__ = ["stage"]

pytestmark = [pytest.mark.kafka, pytest.mark.clickhouse]


@pytest.fixture
def app(stage: Stage, no_settings: None, monkeypatch: pytest.MonkeyPatch) -> typer.Typer:
    use(stage.clickhouse.address, monkeypatch)
    monkeypatch.setenv("EARSHOT_KAFKA__BROKERS", stage.brokers)
    app = typer.Typer()
    app.add_typer(rejects, name="rejects")
    app.command()(lambda: None)
    return app


def run(app: typer.Typer, *args: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, ["rejects", *args])
    assert result.exit_code == code, result.output or result.exception
    return result.stdout


def listed(app: typer.Typer) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(run(app, "--json"))
    return found


def send(stage: Stage, *values: bytes | None) -> list[Place]:
    with sender(stage.brokers) as one:
        return one.send(
            Outgoing(ANSWERS, b"c1", value, NOW_MS, (("trace", b"\xff"),)) for value in values
        )


def test_what_was_cured_is_counted_and_leaves_the_list(stage: Stage, app: typer.Typer) -> None:
    """The cure here is time: what was dated an hour ahead has come about since."""
    early = encode(ANSWERS, answer(value_text="early", responded_at=NOW_MS + 3_600_000))
    other = encode(ANSWERS, answer(response_id="r2"))
    (place, *_) = send(stage, early, other)
    worker = stage.start()
    stage.wait_read(2)
    assert [row["reason"] for row in listed(app)] == ["future_dated"]
    where = "/".join(map(str, place))
    assert "It would not be rejected" in run(app, "explain", where)
    assert json.loads(run(app, "replay", where, "--dry-run", "--json"))["not_rejected_now"] == 1
    assert len(listed(app)) == 1
    told = json.loads(run(app, "replay", where, "--yes", "--json"))
    assert (told["sent"], told["accepted"], told["rejected"]) == (1, 1, {})
    assert listed(app) == []
    answers = f"SELECT value_text FROM {stage.name}.answers FINAL ORDER BY response_id"
    assert stage.clickhouse.rows(answers) == [("early",), ("",)]
    (outcome,) = stage.clickhouse.rows(
        f"SELECT offset, fate, by_partition, replays FROM {stage.name}.reject_outcomes_current"
    )
    assert outcome == (place[2], "accepted", place[1], 1)
    assert "it was replayed already, and accepted" in run(app, "replay", where, "--yes")
    assert worker.stop() == 0
    # read again from the start of the chunk, it ends the same
    before = stage.clickhouse.rows(f"SELECT * FROM {stage.name}.reject_outcomes FINAL")
    worker = stage.start()
    send(stage, encode(ANSWERS, answer(response_id="r3")))
    stage.wait_read(4)
    assert worker.stop() == 0
    assert stage.clickhouse.rows(f"SELECT * FROM {stage.name}.reject_outcomes FINAL") == before
    assert listed(app) == []


def test_poison_stays_rejected_and_cannot_go_round(stage: Stage, app: typer.Typer) -> None:
    framed = unframe(answer_bytes())
    assert framed is not None
    (place,) = send(stage, frame(framed.schema_id, framed.body[:-3]))
    worker = stage.start()
    stage.wait_read(1)
    for count in (1, 2, 3):
        told = json.loads(run(app, "replay", "--reason", "malformed", "--yes", "--json", code=5))
        assert told["rejected"] == {"malformed": 1}
        (row,) = listed(app)
        assert row["replays"] == count
    text = run(app, "replay", "--reason", "malformed", "--yes")
    assert "Sent          0 records." in text
    assert "replayed 3 times and rejected each time" in text
    run(app, "replay", "/".join(map(str, place)), "--again", "--yes", code=5)
    assert listed(app)[0]["replays"] == 4
    assert worker.stop() == 0
    ((first,),) = stage.clickhouse.rows(
        f"SELECT groupUniqArray(first_rejected) FROM {stage.name}.reject_attempts"
    )
    assert first == [f"{ANSWERS}/0/{place[1]}/{place[2]}"]
    kept = stage.clickhouse.rows(
        f"SELECT hex(value), arrayMap(h -> hex(h.2), headers)[1] FROM {stage.name}.rejects"
    )
    assert len(set(kept)) == 1  # the same bytes and headers, however often
    assert stage.fates() == {(ANSWERS, "rejected"): 5}


def test_without_a_worker_it_says_so_and_the_records_stand(stage: Stage, app: typer.Typer) -> None:
    send(stage, b"junk")
    worker = stage.start()
    stage.wait_read(1)
    assert worker.stop() == 0
    done = CliRunner().invoke(app, ["rejects", "replay", "--all", "--yes", "--wait", "0.3"])
    assert isinstance(done.exception, StreamError)
    assert "1 record of those sent have no fate yet" in done.exception.what
    assert "do not send them again" in done.exception.cure
    worker = stage.start()
    until("the fate of the replay", lambda: [row["replays"] for row in listed(app)] == [1])
    assert worker.stop() == 0


def test_headers_anybody_can_send_are_no_way_to_hide_a_record(
    stage: Stage, app: typer.Typer
) -> None:
    """Those that cannot be of a replay are passed over, and the record with them has its fate."""
    (place,) = send(stage, b"junk")
    forged = (
        ("earshot-replay-of", f"{ANSWERS}/0/{(place[1] + 1) % 4}/{place[2]}".encode()),
        ("earshot-replays", b"1"),
    )
    garbage = (("earshot-replay-of", b"\xff"), ("earshot-replays", b"many"))
    with sender(stage.brokers) as one:
        good = encode(ANSWERS, answer())
        one.send([Outgoing(ANSWERS, b"c1", good, NOW_MS, forged)])
        one.send([Outgoing(ANSWERS, b"c1", b"junk", NOW_MS, garbage)])
    worker = stage.start()
    stage.wait_read(3)
    assert [(row["reason"], row["replays"]) for row in listed(app)] == [("bad_magic", 0)] * 2
    assert stage.fates() == {(ANSWERS, "rejected"): 2, (ANSWERS, "accepted"): 1}
    assert worker.stop() == 0
