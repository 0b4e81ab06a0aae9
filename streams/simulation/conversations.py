"""A conversation: from the customer's first word to a closed case, with waits that are felt."""

from __future__ import annotations

from typing import NamedTuple

from streams.simulation.scene import Scene

__all__ = ["TOPIC", "Conversation", "converse"]

TOPIC = "feedback.interactions"

_SOURCE = "helpdesk"

#: Median seconds until a person answers, by channel.
_FIRST_REPLY_S = {
    "CHAT": 75.0, "IN_APP": 150.0, "WEB": 180.0, "PHONE": 90.0, "SMS": 240.0, "EMAIL": 720.0,
}  # fmt: skip

_BOT_CHANNELS = frozenset({"CHAT", "IN_APP", "WEB"})
_AGENTS = 40

_BOT_SOLVES = 0.25
_TRANSFERS = 0.14
_ANOTHER_ROUND = 0.45
_MOST_ROUNDS = 6
_PROMISES = 0.15
_KEEPS = 0.85
_REOPENS = 0.06


class Conversation(NamedTuple):
    """What the customer remembers: who, when it ended, and how much it hurt.

    `pain` is in standard deviations of satisfaction, to be taken off.
    """

    id: str
    channel: str
    agent_id: str | None
    team_id: str
    ended_ms: int
    pain: float


class _Talk:
    """The conversation while it goes on: the time it is, who is on, what it cost so far."""

    def __init__(self, scene: Scene, begins_ms: int) -> None:
        place, customer, rng = scene.place, scene.customer, scene.rng
        self.scene = scene
        self.id = scene.new_id("conv")
        self.channel = place.channels.draw(rng)
        self.now_ms = begins_ms
        self.pain = 0.1  # to need help at all is a nuisance
        self.agent_id: str | None = None
        self.team_id = place.team
        self._fixed = {
            "source": _SOURCE,
            "conversation_id": self.id,
            customer.id_field: customer.key,
            "channel": self.channel,
            "contact_reason": place.reasons.draw(rng),
            "touchpoint": place.name,
            "journey": place.journey,
            "journey_stage": place.stage,
            "product": customer.product,
            "region": customer.region,
        }

    def say(self, kind: str, actor: str, after_ms: int = 0, **more: object) -> None:
        """Write one event, `after_ms` after the one before."""
        self.now_ms += after_ms
        record = {
            **self._fixed,
            "event_id": self.scene.new_id("e"),
            "type": kind,
            "actor": actor,
            "team_id": self.team_id,
            "event_time": self.now_ms,
            "direction": "IN" if actor == "CUSTOMER" else "OUT",
            **more,
        }
        if actor == "HUMAN":
            record["agent_id"] = self.agent_id
        self.scene.write(TOPIC, record, self.now_ms)

    def wait_for_a_person(self) -> None:
        """Wait in the queue until somebody answers. Long waits hurt, short ones please a little."""
        scene = self.scene
        expected_s = _FIRST_REPLY_S[self.channel]
        waited_ms = scene.wait(expected_s * (1 + scene.trouble), 0.9)
        self.pain += min(max(0.25 * scene.relative(waited_ms, expected_s), -0.25), 1.0)
        self.agent_id = f"a-{scene.rng.randrange(_AGENTS):03}"
        self.say("AGENT_MESSAGE", "HUMAN", waited_ms, queue_ms=waited_ms)


def converse(scene: Scene, begins_ms: int) -> Conversation:
    """Write the events of one conversation."""
    talk = _Talk(scene, begins_ms)
    talk.say("CREATED", "CUSTOMER")
    talk.say("CUSTOMER_MESSAGE", "CUSTOMER", scene.wait(2, 0.3))
    if not _bot_solves(talk):
        talk.wait_for_a_person()
        if scene.chance(_TRANSFERS * (1 + scene.trouble)):
            talk.team_id = "specialists"
            talk.say("TRANSFERRED", "HUMAN", scene.wait(60))
            talk.pain += 0.35
            talk.wait_for_a_person()
        _talk_it_over(talk)
        _promise(talk)
        talk.say("SOLVED", "HUMAN", scene.wait(60))
        if scene.chance(_REOPENS * (1 + scene.trouble)):
            talk.say("REOPENED", "CUSTOMER", scene.wait(400))
            talk.pain += 0.5
            talk.wait_for_a_person()
            talk.say("SOLVED", "HUMAN", scene.wait(120))
    ended_ms = talk.now_ms
    talk.say("CLOSED", "SYSTEM", scene.wait(900, 0.3))
    return Conversation(
        talk.id, talk.channel, talk.agent_id, talk.team_id, ended_ms, min(talk.pain, 2.5)
    )


def _bot_solves(talk: _Talk) -> bool:
    """Let the bot try, where there is one."""
    scene = talk.scene
    if talk.channel not in _BOT_CHANNELS:
        return False
    talk.say("BOT_MESSAGE", "BOT", scene.wait(2, 0.3))
    talk.say("CUSTOMER_MESSAGE", "CUSTOMER", scene.wait(20))
    talk.say("BOT_MESSAGE", "BOT", scene.wait(2, 0.3))
    if scene.chance(_BOT_SOLVES * (1 - min(scene.trouble, 1.0) / 2)):
        talk.say("SOLVED", "BOT", scene.wait(40))
        return True
    talk.say("BOT_HANDOFF", "BOT", scene.wait(15))
    return False


def _talk_it_over(talk: _Talk) -> None:
    scene = talk.scene
    for _ in range(_MOST_ROUNDS):
        if not scene.chance(_ANOTHER_ROUND):
            return
        talk.say("CUSTOMER_MESSAGE", "CUSTOMER", scene.wait(40))
        talk.say("AGENT_MESSAGE", "HUMAN", scene.wait(45))


def _promise(talk: _Talk) -> None:
    """Sometimes something is promised. Not keeping it hurts more than anything said."""
    scene = talk.scene
    if not scene.chance(_PROMISES * (1 + scene.trouble)):
        return
    due_ms = talk.now_ms + scene.fixed(900)
    talk.say("PROMISE_MADE", "HUMAN", scene.wait(20, 0.4), due_at=due_ms)
    if scene.chance(_KEEPS * (1 - min(scene.trouble, 1.0) / 2)):
        talk.say("PROMISE_KEPT", "HUMAN", scene.wait(300, 0.5))
        talk.pain -= 0.1
    else:
        talk.pain += 0.6
