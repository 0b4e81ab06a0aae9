"""The harness sees what others lose and double; by the same faults, Earshot does neither."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.local.clickhouse import ClickHouseAccess
from tests.faults.extent import FULL
from tests.faults.stock.faults import Ground
from tests.faults.stock.matrix import ROWS, measure
from tests.faults.stock.pipelines import EARSHOT, TOKENS

pytestmark = [pytest.mark.kafka, pytest.mark.clickhouse, pytest.mark.faults]

#: Fault and pipeline -> what must be seen: "lost", "doubled", or "exact": neither.
EXPECTED: dict[str, dict[str, str]] = {
    "refused": {"take": "lost", "each": "lost", "noack": "lost", TOKENS: "exact"},
    "crashed": {TOKENS: "lost"},
    "stopped": {"take, no wait": "lost"},
    "killed": {"take": "doubled", TOKENS: "doubled"},
}

#: These take longer, and show no further kind of loss.
EXPECTED_TOO: dict[str, dict[str, str]] = {
    "away": {"take": "lost", TOKENS: "exact"},
    "crashed": {"take": "lost"},
    "stopped": {"take": "exact", TOKENS: "exact"},
    "joined": {"take": "doubled", TOKENS: "exact"},
    "poisoned": {"take, typed": "lost"},
}

_FAULTS = [row.fault for row in ROWS if FULL or row.fault in EXPECTED]


@pytest.mark.parametrize("fault", _FAULTS)
def test_the_harness_tells_who_loses_and_who_doubles(
    fault: str, kafka_brokers: str, clickhouse: ClickHouseAccess, tmp_path: Path
) -> None:
    expected = EXPECTED.get(fault, {}) | (EXPECTED_TOO.get(fault, {}) if FULL else {})
    ground = Ground(kafka_brokers, clickhouse, tmp_path)
    found = measure(fault, [EARSHOT, *expected], ground)
    ours = found.pop(EARSHOT)
    assert ours.sent >= 200
    assert (ours.lost, ours.doubled, ours.restarts) == (0, 0, 0)
    for kind, one in found.items():
        seen = {"lost": one.lost > 0, "doubled": one.doubled > 0}
        assert seen == {what: what == expected[kind] for what in seen}, (kind, one)


def test_every_cell_of_the_table_is_measured() -> None:
    for row in ROWS:
        every = EXPECTED.get(row.fault, {}) | EXPECTED_TOO.get(row.fault, {})
        assert {EARSHOT, *every} == set(row.kinds)


def test_the_table_in_the_documentation_has_these_rows() -> None:
    text = (Path(__file__).parents[2] / "docs" / "guarantees.md").read_text(encoding="utf-8")
    for row in ROWS:
        (line,) = [line for line in text.splitlines() if line.startswith(f"| {row.text} |")]
        assert len(line.split("|")) == 6
        assert all(label in line for label in row.faust.values())
        assert line.split("|")[2].strip().startswith("0 / 0 of ")
