"""The watchdog: it barks at a partition with work that stands still for no known reason, and only then."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.batch import TopicPartition
from streams.conditions import Conditions
from streams.progress import Progress
from streams.watchdog import Stall, Stalled, Watchdog

TP, OTHER = TopicPartition("feedback.responses", 2), TopicPartition("feedback.responses", 3)
STALL_S, EVERY_S = 300.0, 30.0
BEHIND = Progress(start=0, position=50, log_end=100)


@dataclass
class Yard:
    """A watchdog with a clock and the conditions in its yard."""

    now_s: float = 1000.0
    conditions: Conditions = field(init=False)
    watchdog: Watchdog = field(init=False)

    def __post_init__(self) -> None:
        self.conditions = Conditions(lambda: self.now_s)
        self.watchdog = Watchdog(STALL_S, lambda: self.now_s)

    def look(self, **positions: Progress) -> Stall | None:
        return self.look_after(EVERY_S, **positions)

    def look_after(self, seconds: float, **positions: Progress) -> Stall | None:
        self.now_s += seconds
        named = {"tp": TP, "other": OTHER}
        return self.watchdog.look({named[k]: v for k, v in positions.items()}, self.conditions)

    def looks(self, count: int, **positions: Progress) -> list[Stall | None]:
        return [self.look(**positions) for _ in range(count)]


@pytest.fixture
def yard() -> Yard:
    return Yard()


def test_a_partition_with_lag_that_stands_still_is_a_stall(yard: Yard) -> None:
    assert yard.looks(10, tp=BEHIND) == [None] * 10
    stall = yard.look(tp=BEHIND)
    assert stall == Stall(TP, BEHIND, STALL_S)
    error = Stalled(stall)
    assert error.exit_code == 1
    assert "feedback.responses/2" in str(error)
    assert "offset 50" in str(error)
    assert "100 offsets are left" in str(error)


def test_others_that_move_do_not_help_it(yard: Yard) -> None:
    found = [
        yard.look(tp=BEHIND, other=Progress(start=0, position=n, log_end=900)) for n in range(12)
    ]
    assert found[9] is None
    assert found[10] is not None
    assert found[10].tp == TP


@pytest.mark.parametrize("moved", ["position", "durable", "committed"])
def test_any_offset_that_moves_is_movement(yard: Yard, moved: str) -> None:
    for step in range(60):
        progress = Progress(**{"start": 0, "position": 50, "log_end": 900} | {moved: 51 + step})
        assert yard.look(tp=progress) is None


def test_what_was_read_and_never_becomes_durable_is_a_stall(yard: Yard) -> None:
    stuck = Progress(start=0, position=100, log_end=100, durable=60, committed=60)
    assert yard.looks(11, tp=stuck)[-1] is not None


def test_a_quiet_partition_is_none(yard: Yard) -> None:
    done = Progress(start=64, position=100, log_end=100, durable=100, committed=100)
    assert yard.looks(100, tp=done) == [None] * 100
    late = Progress(start=64, position=100, log_end=101, durable=100, committed=100)
    # A first record after an hour's quiet: it has all the time, counted from now.
    assert yard.looks(10, tp=late) == [None] * 10
    assert yard.look(tp=late) is not None


def test_reading_a_chunk_again_is_no_lag(yard: Yard) -> None:
    again = Progress(start=64, position=64, log_end=70, committed=70)
    assert yard.looks(30, tp=again) == [None] * 30


def test_who_is_stopped_with_an_alarm_may_stand(yard: Yard) -> None:
    yard.conditions.stopped(TP, reason="no_table", what="It lacks a table.", cure="Make it.")
    assert yard.looks(30, tp=BEHIND) == [None] * 30
    yard.conditions.running(TP)
    assert yard.looks(10, tp=BEHIND) == [None] * 10
    assert yard.look(tp=BEHIND) is not None


def test_while_something_known_is_waited_for_all_may_stand(yard: Yard) -> None:
    yard.looks(9, tp=BEHIND)
    yard.conditions.waits(reason="clickhouse", what="It does not answer.", cure="Start it.")
    assert yard.looks(30, tp=BEHIND) == [None] * 30
    yard.conditions.goes_on("clickhouse")
    assert yard.looks(10, tp=BEHIND) == [None] * 10


def test_a_partition_that_comes_back_has_all_the_time_again(yard: Yard) -> None:
    yard.looks(10, tp=BEHIND)
    assert yard.look(other=BEHIND) is None
    assert yard.looks(9, tp=BEHIND) == [None] * 9


def test_a_process_that_was_frozen_may_move_first(yard: Yard) -> None:
    yard.look(tp=BEHIND)
    assert yard.look_after(86_400, tp=BEHIND) is None
    assert yard.look(tp=Progress(start=0, position=51, log_end=100)) is None


Step = tuple[float, int, int, bool]


@given(
    st.lists(
        st.tuples(
            st.sampled_from([0.0, 10.0, 30.0, 100.0, 149.0]),  # seconds since the look before
            st.integers(0, 1),  # how far it moves
            st.integers(0, 2),  # how far the log grows
            st.booleans(),  # whether something is waited for
        ),
        max_size=40,
    )
)
def test_it_barks_where_the_whole_story_says_so(steps: list[Step]) -> None:
    """Told from the end: the stretch of looks before this one in which nothing moved."""
    yard, position, end = Yard(), 0, 0
    story: list[tuple[float, int, bool]] = []
    for after_s, moved, grown, waits in steps:
        end += grown
        position = min(end, position + moved)
        if waits:
            yard.conditions.waits(reason="kafka", what="", cure="")
        else:
            yard.conditions.goes_on()
        progress = Progress(start=0, position=position, log_end=end, durable=position)
        stall = yard.look_after(after_s, tp=progress)
        story.append((yard.now_s, position, end > position and not waits))
        since = yard.now_s
        for at, then, must_move in reversed(story):
            if then != position or not must_move:
                break
            since = at
        must_bark = end > position and not waits and yard.now_s - since >= STALL_S
        assert (stall is not None) == must_bark
        if stall is not None:
            assert stall.still_s == yard.now_s - since
