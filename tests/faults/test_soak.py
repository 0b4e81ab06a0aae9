"""The soak in small: every kind of kill once or more, and everything is as if nothing had happened."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from pathlib import Path

import pytest

from tests.faults.extent import FULL
from tests.faults.log import Log, stream
from tests.faults.soak.feed import feed
from tests.faults.soak.memory import slope
from tests.faults.soak.plan import KILLS, plan
from tests.faults.soak.report import Options
from tests.faults.soak.running import soak
from tests.faults.soak.slices import sampled
from tests.faults.soak.telling import Teller
from tests.faults.soak.truth import Sent
from tests.worker.sending import sender

_SMALL = Options(events=20_000, kills=6, seed=1, chunk=2_048)
_LARGE = Options(events=1_000_000, kills=60, seed=1)


def test_a_seed_strikes_at_the_same_places() -> None:
    strikes = plan(5, events=10_000, kills=40)
    assert strikes == plan(5, events=10_000, kills=40)
    assert strikes != plan(6, events=10_000, kills=40)
    kinds = Counter(strike.kind for strike in strikes)
    assert sum(kinds[kind] for kind in KILLS) == 40
    assert len(kinds) == 6
    assert [strike.at for strike in strikes] == sorted(strike.at for strike in strikes)
    assert 0 < strikes[0].at < strikes[-1].at < 10_000


@pytest.mark.parametrize("kills", [3, 4, 6])
def test_few_kills_are_of_all_kinds(kills: int) -> None:
    kinds = Counter(strike.kind for strike in plan(1, events=1_000, kills=kills))
    assert all(kinds[kind] for kind in KILLS)
    assert sum(kinds[kind] for kind in KILLS) == kills


def test_what_is_sent_is_mostly_answers_and_its_truth_is_known() -> None:
    sent = Sent()
    for event in islice(feed(6_000, 3), 6_000):
        sent.add(event)
    fates = sent.truth.fates
    assert sent.truth.total == 6_000
    answers = sum(n for (topic, _), n in fates.items() if topic == "feedback.responses")
    assert answers > 3_600
    assert {fate for _, fate in fates} == {"accepted", "corrected", "duplicate", "rejected"}
    assert len({topic for topic, _ in fates}) >= 3
    assert sent.stored("feedback.responses") < answers
    assert sent.ids["feedback.responses"]


def test_the_slope_of_a_line() -> None:
    assert slope([(0.0, 1.0), (2.0, 5.0), (4.0, 9.0)]) == 2.0
    assert slope([(1.0, 1.0)]) == 0.0


@pytest.mark.kafka
@pytest.mark.clickhouse
@pytest.mark.faults
@pytest.mark.slow
def test_a_soak(tmp_path: Path) -> None:
    options = _LARGE if FULL else _SMALL
    report = soak(options, tmp_path, Teller())
    assert not report.problems
    verdict = report.verdict
    assert (verdict.records, verdict.lost, verdict.doubled) == (options.events, 0, 0)
    assert verdict.cells > 1_000
    assert sum(report.strikes[kind] for kind in KILLS) == options.kills
    assert report.recoveries_s


@pytest.mark.kafka
@pytest.mark.clickhouse
@pytest.mark.faults
def test_some_keys_of_the_slices_are_those_of_the_table(log: Log) -> None:
    with sender(log.brokers) as producer:
        log.send(producer, stream(300))
    stage = log.stage()
    worker = stage.start()
    stage.wait_read(300)
    assert worker.stop() == 0
    told, stored = sampled(stage, 1)
    assert told == stored
    third = sampled(stage, 3)[1]
    assert third.items() < stored.items()
    assert len(stored) / 6 < len(third) < len(stored) / 2
    stage.clickhouse.command(
        f"ALTER TABLE {stage.name}.slices DELETE WHERE bucket = 0 SETTINGS mutations_sync = 1"
    )
    told, left = sampled(stage, 1)
    assert told == stored
    assert left.items() < told.items()
