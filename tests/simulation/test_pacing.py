from __future__ import annotations

from collections.abc import Iterator

import pytest

from schemas.errors import ConfigError
from streams.simulation import SimulatedEvent, play
from streams.simulation.period import begin_ms

_START_MS = 1_760_000_000_000


class Clock:
    """A clock that only moves when somebody sleeps or works."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.sleeps: list[float] = []

    def __call__(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.now_s += seconds


def at(*seconds: float) -> list[SimulatedEvent]:
    return [
        SimulatedEvent(
            "t", {}, "c-000001", _START_MS + int(s * 1000), None, "new", "accepted", None
        )
        for s in seconds
    ]


@pytest.mark.parametrize("speed", [0.5, 1.0, 60.0])
def test_events_go_out_when_due_and_never_before(speed: float) -> None:
    clock = Clock()
    due = [0.0, 1.0, 7.25, 300.0]
    sent: list[float] = []

    played = play(
        at(*due),
        lambda _: sent.append(clock() - 100),
        start_ms=_START_MS,
        speed=speed,
        clock=clock,
        sleep=clock.sleep,
    )

    assert played == len(due)
    for moment, expected in zip(sent, due, strict=True):
        assert expected / speed <= moment + 1e-9
        assert moment <= expected / speed + 0.021


def test_a_slow_publisher_falls_behind_and_catches_up_without_skipping() -> None:
    clock = Clock()
    sent: list[tuple[int, float]] = []

    def publish(event: SimulatedEvent) -> None:
        if not sent:
            clock.now_s += 3.0
        sent.append(((event.at_ms - _START_MS) // 1000, clock() - 100))

    play(at(0, 1, 2, 5), publish, start_ms=_START_MS, speed=1, clock=clock, sleep=clock.sleep)

    assert [second for second, _ in sent] == [0, 1, 2, 5]
    assert [moment for _, moment in sent] == pytest.approx([3, 3, 3, 5], abs=0.03)


def test_a_busy_stream_sleeps_seldom() -> None:
    clock = Clock()
    many = at(*(number / 1000 for number in range(1000)))
    play(many, lambda _: None, start_ms=_START_MS, speed=1, clock=clock, sleep=clock.sleep)
    assert len(clock.sleeps) <= 51


def test_stopping_is_noticed_while_waiting_for_a_distant_event() -> None:
    clock = Clock()
    sent: list[SimulatedEvent] = []
    played = play(
        at(0, 3600),
        sent.append,
        start_ms=_START_MS,
        speed=1,
        clock=clock,
        sleep=clock.sleep,
        stopped=lambda: clock() > 110,
    )
    assert played == len(sent) == 1
    assert clock() < 111


def test_the_time_the_first_event_takes_to_make_is_not_caught_up() -> None:
    clock = Clock()
    sent: list[float] = []

    def slowly() -> Iterator[SimulatedEvent]:
        clock.now_s += 2.0
        yield from at(0, 1)

    play(
        slowly(),
        lambda _: sent.append(clock() - 100),
        start_ms=_START_MS,
        speed=1,
        clock=clock,
        sleep=clock.sleep,
    )
    assert sent == pytest.approx([2, 3], abs=0.03)


@pytest.mark.parametrize("speed", [0.5, 1.0, 60.0, 3600.0])
def test_stream_time_meets_the_clock_at_the_end_and_never_passes_it(speed: float) -> None:
    now_ms, plays_s = 1_760_000_000_000, 90.0
    start_ms = begin_ms(now_ms=now_ms, plays_s=plays_s, speed=speed)
    behind_ms = [
        (now_ms + 1000 * passed) - (start_ms + 1000 * passed * speed)
        for passed in (0.0, 30.0, plays_s)
    ]
    assert min(behind_ms) >= 0
    if speed >= 1:
        assert behind_ms[-1] == 0


def test_faster_than_the_clock_for_ever_is_impossible() -> None:
    with pytest.raises(ConfigError, match="--for"):
        begin_ms(now_ms=0, plays_s=None, speed=2)
