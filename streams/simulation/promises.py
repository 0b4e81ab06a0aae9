"""What agents promise, and whether it comes true: in time, too late, or never."""

from __future__ import annotations

from streams.simulation.talk import Talk

__all__ = ["promise"]

_PROMISES = 0.15
_PROMISES_TWICE = 0.15
_KEEPS = 0.8
_KEEPS_LATE = 0.1

#: Seconds until a promise is due.
_DUE_S = 900.0


def promise(talk: Talk) -> None:
    """Promise something, now and then. Not keeping it hurts more than anything said."""
    scene = talk.scene
    if not scene.chance(_PROMISES * (1 + scene.trouble)):
        return
    _make(talk)
    if scene.chance(_PROMISES_TWICE):
        _make(talk)
    keeps = _KEEPS * (1 - min(scene.trouble, 1.0) / 2)
    drawn = scene.rng.random()
    if drawn < keeps:
        talk.say("PROMISE_KEPT", "HUMAN", scene.wait(300, 0.4))
        talk.pain -= 0.1
    elif drawn < keeps + _KEEPS_LATE:
        talk.say("PROMISE_KEPT", "HUMAN", scene.fixed(_DUE_S) + scene.wait(300, 0.5))
        talk.pain += 0.35
    else:
        talk.pain += 0.6


def _make(talk: Talk) -> None:
    due_ms = talk.now_ms + talk.scene.fixed(_DUE_S)
    talk.say("PROMISE_MADE", "HUMAN", talk.scene.wait(20, 0.4), due_at=due_ms)
