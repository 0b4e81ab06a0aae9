"""Replaying: what is sent, what is left out, and what is told of it. Without a broker."""

from __future__ import annotations

import json
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from streams.cli.rejects import rejects
from streams.fold.rejection import Reason
from streams.rejecting import (
    MOST_REPLAYS,
    RejectFilter,
    ReplayOf,
    chosen,
    replay,
    wait_for_fates,
    worth_sending,
)
from streams.rejecting.headers import named_by
from streams.rejecting.replaying import MOST_BYTES
from tests.builders import ANSWERS
from tests.rejects.conftest import SECRET, Log, Record, Sent, answer_bytes, reject

pytestmark = pytest.mark.clickhouse


@pytest.fixture
def app(settings_of_log: None) -> typer.Typer:
    app = typer.Typer()
    app.add_typer(rejects, name="rejects")
    app.command()(lambda: None)
    return app


def everything(log: Log) -> list[Any]:
    return chosen(log.clickhouse, RejectFilter(), 1_000)


def test_it_goes_out_byte_for_byte_to_where_it_came_from(log: Log) -> None:
    value = bytes(range(256))
    first = log.reject(value, headers=(("trace", b"\xff\x00"), ("trace", b"")))
    sent = Sent()
    (of,), left_out = replay(log.clickhouse, sent, everything(log))
    assert of == ReplayOf(ANSWERS, 0, 2, first, 1)
    assert not left_out
    ((topic, partition, key, held, headers),) = sent.records
    assert (topic, partition, key, held) == (ANSWERS, 2, SECRET, value)
    assert headers[:2] == [("trace", b"\xff\x00"), ("trace", b"")]
    assert named_by(headers) == of


def test_a_second_replay_names_the_first_reject_and_counts_on(log: Log) -> None:
    first = log.reject()
    log.reject_again(first, 1)
    sent = Sent()
    replay(log.clickhouse, sent, everything(log))
    ((*_, headers),) = sent.records
    assert named_by(headers) == ReplayOf(ANSWERS, 0, 2, first, 2)
    assert [name for name, _ in headers] == ["trace", "earshot-replay-of", "earshot-replays"]


def test_they_go_out_in_the_order_they_came(log: Log) -> None:
    offsets = [log.reject() for _ in range(3)]
    log.reject_again(offsets[0], 1)  # the newest attempt, and still the oldest record
    sent, _ = replay(log.clickhouse, Sent(), everything(log))
    assert [of.offset for of in sent] == offsets


def test_a_record_that_is_rejected_each_time_ends_up_left_out(log: Log) -> None:
    first = log.reject()
    for count in range(1, MOST_REPLAYS + 1):
        worth, left_out = worth_sending(everything(log), again=False)
        assert len(worth) == 1
        assert not left_out
        ((of,), _) = replay(log.clickhouse, Sent(), worth)
        assert of.replays == count
        log.reject_again(first, of.replays)
    worth, left_out = worth_sending(everything(log), again=False)
    assert not worth
    assert "replayed 3 times" in left_out[0].why
    assert "--again" in left_out[0].why
    assert len(worth_sending(everything(log), again=True)[0]) == 1


def test_what_cannot_be_sent_is_told(log: Log) -> None:
    reject(log.clickhouse, ANSWERS, Record(0, 0, None, None), "tombstone")
    reject(log.clickhouse, ANSWERS, Record(1, 0, None, b"x" * (MOST_BYTES + 1)), "too_large")
    reject(log.clickhouse, ANSWERS, Record(2, 0, b"k", None), "tombstone")
    sent = Sent()
    _, left_out = replay(log.clickhouse, sent, everything(log))
    assert [(one.where.offset, "neither" in one.why) for one in left_out] == [(0, True), (1, False)]
    assert [record[2:4] for record in sent.records] == [(b"k", None)]


def test_waiting_ends_when_each_has_its_fate(log: Log) -> None:
    good, known, poison, slow = (log.reject() for _ in range(4))
    of = [ReplayOf(ANSWERS, 0, 2, offset, 1) for offset in (good, known, poison, slow)]
    told: list[int] = []
    clock = iter(range(100))

    def work(_: float) -> None:
        turn = len(told)
        if turn == 1:
            log.count(good, 1, "accepted")
        elif turn == 2:
            log.count(known, 1, "duplicate")
            log.reject_again(poison, 1)
        else:
            log.count(slow, 1, "corrected")

    fates = wait_for_fates(
        log.clickhouse, of, limit_s=50, progress=told.append,
        now=lambda: float(next(clock)), sleep=work,
    )  # fmt: skip
    assert told == [0, 1, 3, 4]
    assert fates.counted == {"accepted": 1, "duplicate": 1, "corrected": 1}
    assert fates.rejected == {"bad_magic": 1}
    assert fates.open == 0


def test_an_older_attempt_is_not_the_fate_of_this_one(log: Log) -> None:
    first = log.reject()
    log.reject_again(first, 1)
    fates = wait_for_fates(log.clickhouse, [ReplayOf(ANSWERS, 0, 2, first, 2)], limit_s=0)
    assert (fates.open, fates.rejected) == (1, {})


def run(app: typer.Typer, *args: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, ["rejects", *args])
    assert result.exit_code == code, result.output
    return result.output


def test_a_dry_run_says_how_many_would_be_counted_now(app: typer.Typer, log: Log) -> None:
    late: Reason = "future_dated"
    log.reject(answer_bytes(), reason=late)
    log.reject(answer_bytes(responded_at=4_000_000_000_000), reason=late)
    log.reject(b"junk")
    poison = log.reject(b"junk")
    log.reject_again(poison, 3)
    told = json.loads(run(app, "replay", "--all", "--dry-run", "--json"))
    assert told["would_send"] == 3
    assert told["not_rejected_now"] == 1
    assert told["reasons"] == [
        {"reason": "future_dated", "records": 2, "not_rejected_now": 1},
        {"reason": "bad_magic", "records": 1, "not_rejected_now": 0},
    ]
    assert [one["record"] for one in told["left_out"]] == [f"{ANSWERS}/2/{poison + 1}"]
    text = run(app, "replay", "--reason", late, "--dry-run")
    assert "2 records would be sent; 1 would not be rejected now. Nothing was sent." in text
    assert SECRET.decode() not in text


@pytest.mark.parametrize(
    "args",
    [
        (),
        ("--yes",),
        ("--all",),  # nobody to be asked
        ("--all", "--topic", ANSWERS, "--yes"),
        ("feedback.responses/2/0", "--all", "--yes"),
        ("--wait", "-1", "--all", "--yes"),
    ],
)
def test_wrong_usage_ends_with_2(app: typer.Typer, log: Log, args: tuple[str, ...]) -> None:
    log.reject()
    run(app, "replay", *args, code=2)


def test_nothing_to_send_needs_no_broker(app: typer.Typer) -> None:
    assert run(app, "replay", "--all") == "Sent          0 records.\n"
