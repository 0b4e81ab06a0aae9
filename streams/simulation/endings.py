"""How a conversation ends: solved, perhaps not for good, with or without a goodbye, or never."""

from __future__ import annotations

from streams.simulation.talk import Talk

__all__ = ["end", "expire"]

_REOPENS = 0.06
_REOPENS_LATER = 0.04
_REOPENS_AFTER_DAYS = (1.0, 6.0)

#: Thanks and goodbyes, after which nothing is to be done: right after the solution, or much later.
_GOODBYE = 0.25
_LATE_GOODBYE = 0.04

_CLOSES = 0.92
_STAYS_OPEN = 0.02


def end(talk: Talk, solver: str) -> int:
    """Write the end of a conversation, and what the customer still says then.

    Return when it was solved, in epoch milliseconds: first, or the second time if that was soon.
    """
    scene = talk.scene
    if scene.chance(_STAYS_OPEN):
        return talk.now_ms
    talk.say("SOLVED", solver, scene.wait(40))
    ended_ms = talk.now_ms
    if scene.chance(_GOODBYE):
        talk.say("CUSTOMER_MESSAGE", "CUSTOMER", scene.wait(30))
    if scene.chance(_REOPENS * (1 + scene.trouble)):
        talk.pain += 0.5
        _reopen(talk, scene.wait(400))
        ended_ms = talk.now_ms
    if scene.chance(_CLOSES):
        talk.say("CLOSED", "SYSTEM", scene.wait(900, 0.3))
    if scene.chance(_LATE_GOODBYE):
        talk.say("CUSTOMER_MESSAGE", "CUSTOMER", scene.days(0.5))
    if scene.chance(_REOPENS_LATER):
        _reopen(talk, scene.days(scene.rng.uniform(*_REOPENS_AFTER_DAYS)))
    return ended_ms


def expire(talk: Talk) -> int:
    """Close a conversation that nobody has answered. Return when, in epoch milliseconds."""
    talk.pain += 1.0
    talk.say("CLOSED", "SYSTEM", talk.scene.wait(3600, 0.3))
    return talk.now_ms


def _reopen(talk: Talk, after_ms: int) -> None:
    scene = talk.scene
    talk.say("REOPENED", "CUSTOMER", after_ms)
    talk.say("CUSTOMER_MESSAGE", "CUSTOMER", scene.wait(10))
    talk.wait_for_a_person()
    talk.say("SOLVED", "HUMAN", scene.wait(100))
