"""The audit of a database: none of its damage stays unseen."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from sinks.tables import TABLES
from streams.verifying.auditing import Audit, audit, partitions_of
from streams.verifying.comparing import verify_partition
from streams.verifying.fact import Cell
from streams.verifying.row import Row
from streams.verifying.scope import Scope
from streams.verifying.stored import Partition, Stored
from tests.builders import NOW_MS, answer, followup, interaction, invitation
from tests.verifying.conftest import Written
from tests.verifying.rows import HOUR, INTERACTIONS, INVITATIONS, MINUTE, RESPONSES

pytestmark = pytest.mark.clickhouse

ANSWERS = [
    answer(response_id=f"r{n % 7}", revision=1 + n // 7, customer_id=f"c{n % 3}", value_number=n % 11,
           responded_at=NOW_MS + n * MINUTE)
    for n in range(20)
]  # fmt: skip
TALKS = [
    interaction(event_id=f"e{n}", conversation_id=f"k{n % 5}", customer_id=f"c{n % 5}",
                type=("CREATED", "AGENT_MESSAGE", "SOLVED")[n // 5], actor="HUMAN", agent_id="a1",
                event_time=NOW_MS + n * HOUR)
    for n in range(15)
]  # fmt: skip
INVITED = [invitation(event_id=f"e{n}", invitation_id=f"i{n}") for n in range(5)]


def check(written: Written, page: int = 6, **scope: Any) -> Audit:
    """Check everything, in pages so small that there are several."""
    stored = Stored(written.clickhouse, page=page)
    wanted = Scope(**scope)
    return audit(stored, wanted, partitions_of(stored, wanted), lambda _: None)


@pytest.fixture
def full(written: Written) -> Written:
    """Return a database with something of every topic."""
    written.fold(RESPONSES, ANSWERS)
    written.fold(RESPONSES, [ANSWERS[0] | {"response_id": "r99", "customer_id": "c9"}], partition=1)
    written.fold(INTERACTIONS, TALKS)
    written.fold(INVITATIONS, INVITED)
    written.fold("feedback.followups", [followup(event_id=f"e{n}") for n in range(3)])
    return written


def test_an_untouched_database_has_no_difference(full: Written) -> None:
    found = check(full)
    assert (found.different, found.findings, found.unchecked) == (0, [], [])
    assert found.rows == len(ANSWERS) + 1 + len(TALKS) + len(INVITED) + 3
    assert found.measures["answers"].counted == 8
    assert found.measures["interactions.created"].counted == 5
    assert found.measures["followups"].cells == 1
    durations = [name for name in found.measures if name.startswith("first_reply")]
    assert durations and found.measures[durations[0]].counted == 5
    assert [one.until for one in found.partitions if one.partition.topic == RESPONSES] == [19, 0]


def test_a_wrong_count_is_found_where_it_is(full: Written) -> None:
    full.change(
        "ALTER TABLE {database}.slices UPDATE n = n + 2 WHERE measure = 'followups' AND n = 3"
    )
    found = check(full)
    (difference,) = found.differences
    assert difference.cell.measure == "followups"
    assert (difference.stored, difference.recounted) == (5, 3)
    assert difference.partition == Partition("feedback.followups", 0, 0)
    assert found.different == found.measures["followups"].differences == 1


def test_a_fact_of_another_value_or_dimension_is_found(full: Written) -> None:
    full.change("ALTER TABLE {database}.slices UPDATE touchpoint = 'x' WHERE measure = 'replies'")
    found = check(full)
    names = {difference.cell.measure for difference in found.differences}
    assert names == {"replies"}
    series = {one.cell.dimensions for one in found.differences if one.stored}
    assert all(("touchpoint", "x") in dimensions for dimensions in series)
    assert len(found.differences) == 2 * 5


def test_a_lost_slice_and_a_slice_of_nothing_are_found(full: Written) -> None:
    full.change("ALTER TABLE {database}.slices DELETE WHERE measure = 'followups'")
    table = f"{full.database}.slices"
    full.clickhouse.command(
        f"INSERT INTO {table} SELECT * REPLACE (9 AS bucket) FROM {table} "
        "WHERE measure = 'interactions.created'"
    )
    found = check(full)
    counts = {
        (one.cell.measure, one.cell.bucket): (one.stored, one.recounted)
        for one in found.differences
    }
    assert counts == {("followups", 0): (0, 3), ("interactions.created", 9): (1, 0)}


def test_a_changed_answer_is_found(full: Written) -> None:
    full.change("ALTER TABLE {database}.answers UPDATE value_number = 3 WHERE response_id = 'r99'")
    found = check(full)
    changes = [(one.cell.bucket, one.stored, one.recounted) for one in found.differences]
    assert changes == [(0, 1, 0), (3, 0, 1)] * 2
    assert {one.cell.measure for one in found.differences} == {
        "nps.relational",
        "nps.relational.customers",
    }
    assert found.findings == []


def test_a_lost_raw_row_is_found_twice(full: Written) -> None:
    full.change("ALTER TABLE {database}.invitations DELETE WHERE event_id = 'e0'")
    found = check(full)
    assert found.different
    ((partition, said),) = found.findings
    assert partition.topic == INVITATIONS
    assert "4 raw rows, and 5 records" in said


def test_a_ledger_that_lost_a_chunk_or_a_record(full: Written) -> None:
    full.change(
        f"ALTER TABLE {{database}}.ledger DELETE WHERE first = 8 AND _topic = '{RESPONSES}'"
    )
    full.change(
        f"ALTER TABLE {{database}}.ledger UPDATE accepted = accepted - 1 "
        f"WHERE first = 4 AND _topic = '{INTERACTIONS}'"
    )
    said = " ".join(text for _, text in check(full).findings)
    assert "After offset 7 the ledger goes on with offset 12." in said
    assert "The chunk at offset 4 read 4 records, and 3 have a fate: +1." in said


def test_rows_that_are_stored_twice_count_once(full: Written) -> None:
    full.fold(INTERACTIONS, TALKS)
    assert check(full).different == 0


def test_only_some_measures_and_minutes(full: Written) -> None:
    full.change("ALTER TABLE {database}.slices UPDATE n = n + 1 WHERE measure = 'answers'")
    assert set(check(full, measures=frozenset({"answers"})).measures) == {"answers"}
    assert {one.topic for one in partitions_of(
        Stored(full.clickhouse), Scope(measures=frozenset({"followups"}))
    )} == {"feedback.followups"}  # fmt: skip
    assert check(full, measures=frozenset({"followups"})).different == 0
    moment = datetime.fromtimestamp((NOW_MS + 15 * MINUTE) // 60_000 * 60, UTC)
    before, after = check(full, until=moment), check(full, since=moment)
    assert before.different + after.different == check(full).different
    assert after.measures["answers"].cells == 5
    assert all(one.cell.slice_ms >= moment.timestamp() * 1000 for one in after.differences)


def test_what_a_worker_writes_meanwhile_is_left_out(written: Written) -> None:
    written.fold(RESPONSES, ANSWERS, steps=("raw", "slices"))
    written.fold(RESPONSES, ANSWERS[:18], steps=("ledger",))
    found = check(written)
    (checked,) = found.partitions
    assert checked.moving
    assert (checked.until, checked.rows, found.different) == (15, 16, 0)
    written.change("ALTER TABLE {database}.slices UPDATE n = n + 1 WHERE _version < 16 AND n = 1")
    assert check(written).different


def test_a_partition_that_only_moves_is_told(written: Written) -> None:
    written.fold(RESPONSES, ANSWERS[:3], steps=("raw", "slices"))
    written.fold(RESPONSES, ANSWERS[:2], steps=("ledger",))
    found = check(written)
    assert [one.until for one in found.unchecked] == [None]
    assert found.cells == 0
    # What it writes is not asked for: then nothing moves.
    until = datetime.fromtimestamp((NOW_MS + MINUTE) // 60_000 * 60, UTC)
    assert check(written, until=until).unchecked == []
    assert check(written, until=until).measures["answers"].counted == 1


def test_differences_come_in_order(full: Written) -> None:
    full.change("ALTER TABLE {database}.slices DELETE WHERE 1")
    found = check(full)
    cells: list[Cell] = [one.cell for one in found.differences]
    assert cells == sorted(cells)
    assert found.different == found.cells == sum(one.cells for one in found.measures.values())


def _insert(written: Written, table: str, **values: Any) -> None:
    place = {"_topic": "feedback.followups", "_epoch": 0, "_partition": 0} | values
    columns = [name for name in TABLES[table].columns if name in place]
    written.clickhouse.command(
        f"INSERT INTO {written.database}.{table} ({', '.join(columns)}) "
        f"SELECT {', '.join(repr(place[name]) for name in columns)}"
    )


#: The one cell of the follow-ups below.
CELL: dict[str, Any] = {
    "measure": "followups",
    "dimensions": ["channel"],
    "channel": "UNKNOWN",
    "slice_start": NOW_MS // 60_000 * 60,
    "bucket": 0,
}


def _erase_one_of_three(written: Written, mode: str, n: int = 1, rows: int = 1) -> None:
    """Leave what an erasure at offset 3 leaves of three follow-ups."""
    three = [followup(event_id=f"e{at}", customer_id=f"c{at}") for at in range(3)]
    written.fold("feedback.followups", three)
    _insert(written, "erasures", _offset=3, mode=mode, rows=rows, cells=1)
    _insert(written, "erased_counts", _offset=3, mode=mode, n=n, **CELL)
    if mode == "drop":
        topic = "feedback.followups#forgotten"
        _insert(written, "slices", _topic=topic, _chunk=3, _version=3, n=-n, **CELL)
    written.change("ALTER TABLE {database}.followups DELETE WHERE event_id = 'e1'")


def _end_of_erasure(written: Written) -> None:
    _insert(written, "ledger", _chunk=3, first=3, last=3, read=1, corrected=1)


@pytest.mark.parametrize("mode", ["keep", "drop"])
def test_erased_customers_are_accounted_for(written: Written, mode: str) -> None:
    _erase_one_of_three(written, mode)
    # As long as the ledger does not cover it, it is under way.
    assert [one.until for one in check(written).unchecked] == [None]
    _end_of_erasure(written)
    found = check(written)
    assert (found.different, found.findings, found.unchecked, found.rows) == (0, [], [], 2)
    assert [one.partition.topic for one in found.partitions] == ["feedback.followups"]
    assert found.measures["followups"].counted == (3 if mode == "keep" else 2)


@pytest.mark.parametrize("mode", ["keep", "drop"])
def test_an_erasure_that_does_not_add_up(written: Written, mode: str) -> None:
    _erase_one_of_three(written, mode, n=2, rows=2)
    _end_of_erasure(written)
    found = check(written)
    assert found.different == 1
    assert "2 were erased by 1 erasures. +1." in found.findings[0][1]


def test_an_erasure_while_rows_are_read_is_noticed(full: Written) -> None:
    class Meanwhile(Stored):
        begun = False

        def raw(self, *args: Any, **named: Any) -> Iterator[list[Row]]:
            if not self.begun:
                self.begun = True
                _insert(full, "erasures", _offset=3, mode="keep", rows=1, cells=1)
            return super().raw(*args, **named)

    stored = Meanwhile(full.clickhouse)
    place = Partition("feedback.followups", 0, 0)
    checked = verify_partition(stored, place, Scope(), stored.definitions())
    # Read again, and by then the ledger does not cover it: nothing is claimed of this partition.
    assert (checked.until, checked.measures, checked.findings) == (None, {}, [])


def test_closed_chunks_are_not_enough_if_a_customer_was_erased_behind_them(
    written: Written,
) -> None:
    written.fold(RESPONSES, ANSWERS, steps=("raw", "slices"))
    written.fold(RESPONSES, ANSWERS[:18], steps=("ledger",))
    _insert(written, "erasures", _topic=RESPONSES, _offset=16, mode="keep", rows=0, cells=0)
    assert [one.until for one in check(written).unchecked] == [None]
