"""When a played simulation begins, so that nothing in it is dated after the broker's clock."""

from __future__ import annotations

from schemas.errors import ConfigError

__all__ = ["begin_ms"]


def begin_ms(*, now_ms: int, plays_s: float | None, speed: float) -> int:
    """Return the start of stream time for a play that begins now.

    At up to the real pace stream time begins now. Faster, it begins so much earlier that it meets
    the clock at the end of the play, and lies behind it until then.

    >>> begin_ms(now_ms=10_000_000, plays_s=60, speed=60) - 10_000_000
    -3540000

    Args:
        now_ms: The clock, in epoch milliseconds.
        plays_s: Real seconds the play takes; None for one without an end.
        speed: Seconds of stream time in one real second.

    Raises:
        ConfigError: The play is faster than real time and has no end to meet the clock at.
    """
    if speed <= 1:
        return now_ms
    if plays_s is None:
        raise ConfigError(
            "A simulation faster than real time needs an end, where it meets the clock.",
            cure="Say how long it plays, for example --for 60s.",
        )
    return now_ms - int((speed - 1) * plays_s * 1000)
