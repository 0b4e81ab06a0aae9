"""A conversation: from the customer's first word to a closed case, with waits that are felt."""

from __future__ import annotations

from typing import NamedTuple

from streams.simulation.endings import end, expire
from streams.simulation.promises import promise
from streams.simulation.rounds import pass_on, talk_it_over
from streams.simulation.scene import Comeback, Scene
from streams.simulation.talk import TOPIC, Issue, Talk
from streams.simulation.targets import set_targets

__all__ = ["TOPIC", "Conversation", "converse"]

_BOT_CHANNELS = frozenset({"CHAT", "IN_APP", "WEB"})
_BOT_SOLVES = 0.25

_AUTOMATIC_REPLY = frozenset({"EMAIL", "SMS"})
_HANGS_UP = 0.08
_NOBODY_ANSWERS = 0.02
_TRANSFERS = 0.14

#: Share of those who come back with the same issue, and when, in days. More of those do whom a bot
#: has sent away.
_RETURNS = 0.1
_RETURNS_AFTER_BOT = 0.25
_RETURNS_DAYS = (3.0, 20.0)


class Conversation(NamedTuple):
    """What the customer remembers: who, when it ended, how much it hurt, whether it helped.

    `pain` is in standard deviations of satisfaction, to be taken off.
    """

    id: str
    channel: str
    agent_id: str | None
    team_id: str
    ended_ms: int
    pain: float
    helped: bool


def converse(scene: Scene, begins_ms: int, again: Issue | None = None) -> Conversation:
    """Write the events of one conversation; `again` is the issue a customer comes back with."""
    talk = Talk(scene, begins_ms, again)
    _begin(talk)
    returns = _RETURNS * (1 + scene.trouble)
    if _bot_solves(talk):
        returns = _RETURNS_AFTER_BOT
        ended_ms = end(talk, "BOT")
    elif scene.chance(_NOBODY_ANSWERS):
        returns = 1.0
        ended_ms = expire(talk)
    else:
        _with_a_person(talk)
        ended_ms = end(talk, "HUMAN")
    comes_back = scene.chance(returns)
    if comes_back:
        at_ms = ended_ms + scene.days(scene.rng.uniform(*_RETURNS_DAYS))
        scene.comebacks.append(Comeback(at_ms, talk.issue))
    return Conversation(
        talk.id, talk.channel, talk.agent_id, talk.team_id, ended_ms, min(talk.pain, 2.5),
        not comes_back,
    )  # fmt: skip


def _begin(talk: Talk) -> None:
    """Write the customer's first words, or a call that is rung off in the queue."""
    scene = talk.scene
    talk.say("CREATED", "CUSTOMER")
    set_targets(talk)
    if talk.channel == "PHONE":
        if scene.chance(_HANGS_UP):
            waited_ms = scene.wait(120)
            talk.say("CALL_ENDED", "CUSTOMER", waited_ms, talk_ms=0, queue_ms=waited_ms)
            talk.now_ms += scene.wait(300)
            talk.pain += 0.2
        return
    talk.say("CUSTOMER_MESSAGE", "CUSTOMER", scene.wait(2, 0.3))
    if talk.channel in _AUTOMATIC_REPLY:
        talk.say("AGENT_MESSAGE", "SYSTEM", scene.wait(1, 0.3))


def _bot_solves(talk: Talk) -> bool:
    """Let the bot try, where there is one."""
    scene = talk.scene
    if talk.channel not in _BOT_CHANNELS:
        return False
    talk.say("BOT_MESSAGE", "BOT", scene.wait(2, 0.3))
    talk.say("CUSTOMER_MESSAGE", "CUSTOMER", scene.wait(20))
    talk.say("BOT_MESSAGE", "BOT", scene.wait(2, 0.3))
    if scene.chance(_BOT_SOLVES * (1 - min(scene.trouble, 1.0) / 2)):
        return True
    talk.say("BOT_HANDOFF", "BOT", scene.wait(15))
    return False


def _with_a_person(talk: Talk) -> None:
    talk.wait_for_a_person()
    if talk.scene.chance(_TRANSFERS * (1 + talk.scene.trouble)):
        pass_on(talk)
    talk_it_over(talk)
    promise(talk)
