"""Promises: kept in time, late, or not at all."""

from __future__ import annotations

from tests.histories.conversations.telling import Told, at, ms, tell


def test_kept_in_time_late_and_never() -> None:
    in_time = tell(at("09:00", "PROMISE_MADE", due="10:00"), at("10:00", "PROMISE_KEPT"))
    late = tell(at("09:00", "PROMISE_MADE", due="10:00"), at("10:00:01", "PROMISE_KEPT"))
    never = tell(at("09:00", "PROMISE_MADE", due="10:00"))

    assert in_time.values("promise") == [1]
    assert late.values("promise") == [0]
    assert never.values("promise") == [0]
    assert {told.facts("promise")[0].time_ms for told in (in_time, late, never)} == {ms("10:00")}


def test_one_act_keeps_one_promise_the_earliest() -> None:
    told = tell(
        at("09:00", "PROMISE_MADE", due="10:00"),
        at("09:10", "PROMISE_MADE", due="12:00"),
        at("09:20", "PROMISE_KEPT"),
    )
    assert told.values("promise") == [1, 0]

    told.add(at("11:00", "PROMISE_KEPT"))
    assert told.values("promise") == [1, 1]


def test_a_promise_kept_late_is_used_up() -> None:
    told = tell(
        at("09:00", "PROMISE_MADE", due="10:00"),
        at("09:10", "PROMISE_MADE", due="12:00"),
        at("11:00", "PROMISE_KEPT"),
    )

    assert told.values("promise") == [0, 0]


def test_nothing_is_kept_before_it_is_promised() -> None:
    told = tell(
        at("08:50", "PROMISE_KEPT"),
        at("09:00", "PROMISE_MADE"),  # "some day"
        at("09:10", "PROMISE_MADE", due="12:00"),
    )

    assert told.values("promise") == [0]


def test_a_promise_counts_for_the_team_that_gave_it() -> None:
    told = Told()
    told.add(at("09:00", "PROMISE_MADE", due="10:00", team_id="sales"))
    told.add(at("09:30", "PROMISE_KEPT", team_id="support"))

    assert told.facts("promise")[0].dimensions == (("team_id", "sales"),)
