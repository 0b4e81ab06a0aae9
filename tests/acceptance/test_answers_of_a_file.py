"""A file of answers, from `earshot import` to the views, on real parts.

Runs on made-up answers always, and on real ones in the folder that `EARSHOT_OLIST` names.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from schemas.definitions import load_measures
from schemas.framing import frame
from schemas.registry import FileRegistry
from streams.fold.judging import Rules
from streams.importing.plan import prepare
from streams.importing.session import rehearse
from tests.acceptance.marketplace import by_month
from tests.acceptance.running import earshot
from tests.worker.harness import Stage
from tests.worker.sending import Outgoing, encode, sender

pytestmark = [pytest.mark.kafka, pytest.mark.clickhouse]

MAPPING = Path(__file__).parents[2] / "docs" / "examples" / "marketplace-reviews.toml"
TOPIC = "feedback.responses"


def test_every_month_is_what_a_script_counts_and_importing_again_changes_nothing(
    stage: Stage, folder: Path
) -> None:
    months = by_month(folder)
    answers = sum(counts.total() for counts in months.values())
    worker = stage.start(chunk=1024, known_customers=20_000)
    imported = earshot(stage, "import", str(folder / "reviews.csv"), "--mapping", str(MAPPING))
    assert imported.returncode == 0, imported.stderr
    stage.wait_read(answers)
    assert stage.fates() == {(TOPIC, "accepted"): answers}
    assert monthly(stage) == {
        month: (counts.total(), satisfied(counts), mean(counts)) for month, counts in months.items()
    }
    total = sum(months.values(), Counter())
    buckets = stage.clickhouse.rows(
        f"SELECT bucket, sum(n) FROM {stage.name}.slices FINAL WHERE measure = 'csat.1-5' GROUP BY bucket"
    )
    assert dict(buckets) == dict(total)
    before = views(stage)
    again = earshot(
        stage, "import", str(folder / "reviews.csv"), "--mapping", str(MAPPING), "--restart"
    )
    assert again.returncode == 0, again.stderr
    stage.wait_read(2 * answers)
    assert stage.fates() == {(TOPIC, "accepted"): answers, (TOPIC, "duplicate"): answers}
    assert views(stage) == before
    shown = earshot(stage, "scores", "--window", "all", "--by", "touchpoint", "--json")
    rows = {(row["measure"], row["score"]): row for row in json.loads(shown.stdout)}
    assert rows["csat.1-5", "top_box"]["touchpoint"] == "delivery"
    assert rows["csat.1-5", "top_box"]["n"] == answers
    assert rows["csat.1-5", "top_box"]["value"] == pytest.approx(satisfied(total), abs=1e-9)
    assert worker.stop() == 0


def test_two_in_a_hundred_damaged_are_exactly_the_rejects(stage: Stage, folder: Path) -> None:
    rng = random.Random(2)
    wire: list[Outgoing] = []
    expected: list[tuple[int, str]] = []
    kept: Counter[int] = Counter()
    for record in records(folder):
        item = Outgoing(TOPIC, record["customer_id"].encode(), encode(TOPIC, record), NOW_MS)
        if rng.random() < 0.02:
            reason, value = damage(rng, record)
            item = item._replace(value=value)
            expected.append((len(wire), reason))
        else:
            kept[int(record["value_number"])] += 1
        wire.append(item)
    with sender(stage.brokers) as one:
        places = one.send(wire)
    worker = stage.start(chunk=1024, known_customers=20_000)
    stage.wait_read(len(wire))
    assert worker.stop() == 0
    listed = earshot(stage, "rejects", "--json", "--limit", "100000")
    assert listed.returncode == 0, listed.stderr
    found = {
        (row["topic"], row["partition"], row["offset"]): row["reason"]
        for row in json.loads(listed.stdout)
    }
    assert found == {places[index]: reason for index, reason in expected}
    buckets = stage.clickhouse.rows(
        f"SELECT bucket, sum(n) FROM {stage.name}.slices FINAL WHERE measure = 'csat.1-5' GROUP BY bucket"
    )
    assert dict(buckets) == dict(kept)


NOW_MS = 1_750_000_000_000


def records(folder: Path) -> list[dict[str, Any]]:
    """Return the events the mapping makes of the file."""
    plan = prepare(
        MAPPING, folder / "reviews.csv", FileRegistry(), Rules(load_measures()), max_bytes=1 << 20
    )
    found: list[dict[str, Any]] = []
    try:
        rehearse(
            plan,
            lambda event: found.append(dict(event.record)),
            lambda row, refusal: None,
            lambda tally, share: None,
            lambda: False,
        )
    finally:
        plan.rows.close()
    return found


def damage(rng: random.Random, record: dict[str, Any]) -> tuple[str, bytes | None]:
    """Return a reason, and a value that must be rejected for it."""
    good = encode(TOPIC, record)
    cases: list[tuple[str, bytes | None]] = [
        ("malformed", good[: len(good) // 2]),
        ("bad_magic", b"\x07" + good[1:]),
        ("unknown_schema", frame(99_999, good[5:])),
        ("score_out_of_range", encode(TOPIC, record | {"value_number": 9.0})),
        ("empty", b""),
        ("tombstone", None),
    ]
    return rng.choice(cases)


def satisfied(counts: Counter[int]) -> float:
    return 100 * (counts[4] + counts[5]) / counts.total()


def mean(counts: Counter[int]) -> float:
    return sum(score * n for score, n in counts.items()) / counts.total()


def monthly(stage: Stage) -> dict[str, tuple[int, Any, Any]]:
    """Return n, satisfied share and mean of every month, as the view says them."""
    rows = stage.clickhouse.rows(
        f"SELECT formatDateTime(period_start, '%%Y-%%m'), score, n, value FROM {stage.name}.scores_by_month "
        "WHERE measure = 'csat.1-5' AND grouped_by = ''",
        {},
    )
    found: dict[str, dict[str, tuple[int, float]]] = {}
    for month, score, n, value in rows:
        found.setdefault(month, {})[score] = (n, value)
    return {
        month: (
            scores["top_box"][0],
            pytest.approx(scores["top_box"][1], abs=1e-9),
            pytest.approx(scores["mean"][1], abs=1e-9),
        )
        for month, scores in found.items()
    }


def views(stage: Stage) -> list[tuple[Any, ...]]:
    """Return everything the views say, but for the fates."""
    found: list[tuple[Any, ...]] = []
    for view in ("scores_by_hour", "scores_by_month", "answers_current"):
        found += sorted(stage.clickhouse.rows(f"SELECT * FROM {stage.name}.{view}"), key=repr)
    return found
