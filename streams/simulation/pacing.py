"""Play a stream at its own pace, or a multiple of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import chain, islice

from streams.simulation.events import SimulatedEvent

__all__ = ["play"]

#: Events due within one tick go out together: a sleep for each would cost more than sending it.
_TICK_S = 0.02

#: Longest single sleep, so that an interruption is noticed soon.
_LONGEST_SLEEP_S = 0.5


def play(
    events: Iterable[SimulatedEvent],
    publish: Callable[[SimulatedEvent], None],
    *,
    start_ms: int,
    speed: float,
    clock: Callable[[], float],
    sleep: Callable[[float], None],
    stopped: Callable[[], bool] = lambda: False,
) -> int:
    """Publish every event when its time has come, never before. Return how many there were.

    When `publish` is slower than the stream, nothing is skipped: it falls behind and catches up.

    Args:
        events: Events ordered by `at_ms`.
        publish: Takes one event; what it raises ends the play.
        start_ms: The moment of stream time that is now.
        speed: Seconds of stream time that pass in one second of `clock`.
        clock: Monotonic seconds.
        sleep: Waits for seconds.
        stopped: Asked before every event and every half second of waiting; True ends the play.
    """
    coming = iter(events)
    # the first event may take a second to make; that second is not part of the stream
    first = list(islice(coming, 1))
    began_s = clock()
    published = 0
    for event in chain(first, coming):
        due_s = began_s + (event.at_ms - start_ms) / 1000 / speed
        while (ahead_s := due_s - clock()) > 0:
            if stopped():
                return published
            sleep(min(max(ahead_s, _TICK_S), _LONGEST_SLEEP_S))
        if stopped():
            return published
        publish(event)
        published += 1
    return published
