"""What is said between the first answer and the solution: one round after the other."""

from __future__ import annotations

from streams.simulation.talk import Talk
from streams.simulation.targets import want_next_reply

__all__ = ["pass_on", "talk_it_over"]

_ANOTHER_ROUND = 0.45
_MOST_ROUNDS = 6

#: Of the rounds: the agent asks something and waits, or waits for somebody else.
_ASKS_BACK = 0.15
_ON_HOLD = 0.08

_SAYS_MORE = 0.2
_ASKS_FOR_NEWS = 0.4
_OTHER_CHANNEL = 0.05
_COLLEAGUE = 0.08
_NOTES = 0.15

_TELLS_AGAIN = 0.6
_FLAGGED = 0.3
_REPEATED = {"name": "repeated_information", "value": "true"}


def talk_it_over(talk: Talk) -> None:
    """Write as many rounds as it takes. A call settles most of it at once."""
    scene = talk.scene
    share = _ANOTHER_ROUND / 3 if talk.channel == "PHONE" else _ANOTHER_ROUND
    for _ in range(_MOST_ROUNDS):
        if not scene.chance(share):
            return
        drawn = scene.rng.random()
        if drawn < _ASKS_BACK:
            talk.say("PENDING", "HUMAN", scene.wait(5))
            _round(talk, scene.wait(300))
        elif drawn < _ASKS_BACK + _ON_HOLD:
            _wait_for_others(talk)
        else:
            _round(talk, scene.wait(40))


def pass_on(talk: Talk) -> None:
    """Hand the customer to another team, who then often has to tell it all again."""
    scene = talk.scene
    talk.team_id = "specialists"
    talk.say("TRANSFERRED", "HUMAN", scene.wait(60))
    talk.pain += 0.35
    talk.wait_for_a_person()
    if scene.chance(_TELLS_AGAIN):
        more: dict[str, object] = {}
        if scene.chance(_FLAGGED):
            more["attributes"] = [*scene.customer.attributes, _REPEATED]
        talk.say("CUSTOMER_MESSAGE", "CUSTOMER", scene.wait(60), **more)
        talk.reply(scene.wait(45))
        talk.pain += 0.2


def _round(talk: Talk, after_ms: int) -> None:
    scene = talk.scene
    if scene.chance(_OTHER_CHANNEL):
        talk.channel = scene.place.channels.draw(scene.rng)
        talk.pain += 0.1
    talk.say("CUSTOMER_MESSAGE", "CUSTOMER", after_ms)
    want_next_reply(talk)
    if scene.chance(_SAYS_MORE):
        talk.say("CUSTOMER_MESSAGE", "CUSTOMER", scene.wait(15))
    if scene.chance(_COLLEAGUE):
        talk.agent_id = talk.another_agent()
    if scene.chance(_NOTES):
        talk.say("NOTE", "HUMAN", scene.wait(10), public=False)
    talk.reply(scene.wait(45))


def _wait_for_others(talk: Talk) -> None:
    scene = talk.scene
    talk.say("ON_HOLD", "HUMAN", scene.wait(5))
    if scene.chance(_ASKS_FOR_NEWS):
        talk.say("CUSTOMER_MESSAGE", "CUSTOMER", scene.wait(400))
        talk.pain += 0.1
    talk.reply(scene.wait(300))
