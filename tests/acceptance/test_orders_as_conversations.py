"""Orders as conversations: what late deliveries do to satisfaction, from the files to the tables.

Runs on made-up orders always, and on real ones in the folder that `EARSHOT_OLIST` names.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from statistics import fmean, median
from typing import Any

import pytest

from schemas.definitions import load_measures
from schemas.measures import Measure
from streams.scores import Thresholds, difference, evaluate
from tests.acceptance.marketplace import orders_of, scores_of
from tests.acceptance.plain_statistics import (
    compare_means,
    compare_shares,
    mean_interval,
    share_interval,
)
from tests.acceptance.running import ROOMY, earshot, verified
from tests.worker.harness import COMPARED, Stage

pytestmark = [pytest.mark.kafka, pytest.mark.clickhouse]

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
ANSWERS, CONVERSATIONS = "feedback.responses", "feedback.interactions"


def test_late_deliveries_cost_satisfaction_as_much_as_a_plain_script_says(
    stage: Stage, folder: Path
) -> None:
    orders = orders_of(folder)
    delivered = [order for order in orders.values() if order.delivered_ms is not None]
    answers = sum(1 for _ in scores_of(folder))
    events = 2 * len(orders) + 2 * len(delivered)
    worker = stage.start(**ROOMY)
    for name in ("orders", "reviews"):
        imported(stage, folder, name)
    stage.wait_read(events + answers, within_s=180)
    assert stage.fates() == {(CONVERSATIONS, "accepted"): events, (ANSWERS, "accepted"): answers}

    kept = sum(order.delivered_ms is not None and order.delivered_ms <= order.due_ms
               for order in orders.values())  # fmt: skip
    assert slices(stage, "promise") == {1: kept, 0: len(orders) - kept}
    assert slices(stage, "interactions.created") == {0: len(orders)}
    assert slices(stage, "interactions.solved") == {0: len(delivered)}
    took_s = [(order.delivered_ms - order.purchased_ms) / 1000 for order in delivered
              if order.delivered_ms is not None]  # fmt: skip
    measure = measure_of("first_resolution.calendar")
    half = next(one for one in measure.scores if one.name == "median")
    took = slices(stage, measure.name)
    assert sum(took.values()) == len(delivered)
    found = evaluate(half, took, None, Thresholds(), duration=True)
    assert found.value == pytest.approx(median(took_s), rel=0.011)  # the width of a bucket

    compared(satisfaction(stage), plainly(folder))

    before = tables(stage)
    imported(stage, folder, "orders", "--restart")
    stage.wait_read(2 * events + answers, within_s=180)
    assert stage.fates()[CONVERSATIONS, "duplicate"] == events
    assert tables(stage) == before
    assert worker.stop() == 0
    assert verified(stage, within_s=300)["cells"] > 0


def imported(stage: Stage, folder: Path, name: str, *options: str) -> None:
    mapping = EXAMPLES / f"marketplace-{name}.toml"
    done = earshot(
        stage, "import", str(folder / f"{name}.csv"), "--mapping", str(mapping), *options
    )
    assert done.returncode == 0, done.stderr


def slices(stage: Stage, measure: str) -> dict[int, int]:
    """Return how many there are in each bucket of a measure."""
    rows = stage.clickhouse.rows(
        f"SELECT bucket, sum(n) AS counted FROM {stage.name}.slices FINAL "
        "WHERE measure = %(measure)s GROUP BY bucket HAVING counted != 0",
        {"measure": measure},
    )
    return dict(rows)


def satisfaction(stage: Stage) -> dict[bool, Counter[int]]:
    """Return the scores of late deliveries (True) and of those in time, as the tables have them."""
    rows = stage.clickhouse.rows(
        f"""
        SELECT c.kept = 0, toInt64(a.value_number), count()
        FROM {stage.name}.answers_current AS a
        INNER JOIN
        (
            SELECT source, conversation_id, fact_values[indexOf(fact_names, 'promise')] AS kept
            FROM {stage.name}.conversations FINAL
            WHERE solved_at IS NOT NULL
        ) AS c ON c.source = a.source AND c.conversation_id = a.conversation_id
        WHERE a.metric = 'CSAT'
        GROUP BY ALL
        """
    )
    found: dict[bool, Counter[int]] = {True: Counter(), False: Counter()}
    for late, value, count in rows:
        found[bool(late)][value] += count
    return found


def plainly(folder: Path) -> dict[bool, list[int]]:
    """Return the same from the files: every score, by whether the delivery was late."""
    orders = orders_of(folder)
    found: dict[bool, list[int]] = {True: [], False: []}
    for order_id, value in scores_of(folder):
        order = orders[order_id]
        if order.delivered_ms is not None:
            found[order.delivered_ms > order.due_ms].append(value)
    return found


def compared(here: dict[bool, Counter[int]], there: dict[bool, list[int]]) -> None:
    """Compare counts, scores, intervals and differences of late and punctual deliveries."""
    assert here == {late: Counter(values) for late, values in there.items()}
    measure = measure_of("csat.1-5")
    box, mean = (next(one for one in measure.scores if one.name == name)
                 for name in ("top_box", "mean"))  # fmt: skip
    happy = {late: sum(value >= 4 for value in values) for late, values in there.items()}
    for late, values in there.items():
        found = evaluate(box, here[late], measure.scale, Thresholds())
        assert near(found.value, found.lower, found.upper) == [
            100 * part for part in (happy[late] / len(values), *share_interval(happy[late], len(values)))
        ]  # fmt: skip
        found = evaluate(mean, here[late], measure.scale, Thresholds())
        assert near(found.value, found.lower, found.upper) == [
            fmean(values),
            *mean_interval(values),
        ]
    apart = difference(box, here[True], here[False], measure.scale, Thresholds())
    lower, upper, z, p = compare_shares(
        happy[True], len(there[True]), happy[False], len(there[False])
    )
    assert near(apart.lower, apart.upper, apart.z, apart.p) == [100 * lower, 100 * upper, z, p]
    assert apart.upper is not None and apart.upper < -20  # late deliveries are not forgiven
    apart = difference(mean, here[True], here[False], measure.scale, Thresholds())
    assert near(apart.lower, apart.upper, apart.z, apart.p) == [
        *compare_means(there[True], there[False])
    ]


def near(*numbers: float | None) -> Any:
    return pytest.approx(list(numbers), abs=1e-6)


def measure_of(name: str) -> Measure:
    return next(one for one in load_measures().measures if one.name == name)


def tables(stage: Stage) -> dict[str, list[tuple[Any, ...]]]:
    """Return everything that was counted, but for what the ledger says of the log."""
    return {
        table: sorted(stage.clickhouse.rows(f"SELECT * FROM {stage.name}.{table} FINAL"), key=repr)
        for table in COMPARED
        if table not in ("ledger", "definitions")
    }
