"""A conversation while it goes on: the time it is, who is on, what it cost the customer so far."""

from __future__ import annotations

from typing import NamedTuple

from streams.simulation.chance import Weighted
from streams.simulation.journeys import Touchpoint
from streams.simulation.scene import Scene

__all__ = ["FIRST_REPLY_S", "TOPIC", "Issue", "Talk"]

TOPIC = "feedback.interactions"

_SOURCE = "helpdesk"

#: Median seconds until a person answers, by channel.
FIRST_REPLY_S = {
    "CHAT": 75.0, "IN_APP": 150.0, "WEB": 180.0, "PHONE": 90.0, "SMS": 240.0, "EMAIL": 720.0,
}  # fmt: skip

_AGENTS = 40

_PRIORITIES = Weighted(("normal", 0.75), ("high", 0.17), ("low", 0.08))

#: Share of the conversations that the tool files under an issue of their own.
_HAS_ISSUE = 0.7

#: Share of the conversations that the journey tool finds off the map.
_OFF_MAP = 0.02

_ASSIGNED = 0.85
_ASSIGNED_AFTERWARDS = 0.05

#: How far into the wait an assignment comes.
_ASSIGNED_AT = 0.4

_HOLDS_CALL = 0.3


class Issue(NamedTuple):
    """What a customer comes back with, where, and by which channel it did not work out."""

    issue_id: str | None
    reason: str
    place: Touchpoint
    channel: str


class Talk:
    """One conversation in the making. `pain` is in standard deviations of satisfaction."""

    __slots__ = (
        "_fixed", "agent_id", "channel", "id", "issue", "now_ms", "pain", "policy", "scene",
        "team_id",
    )  # fmt: skip

    def __init__(self, scene: Scene, begins_ms: int, again: Issue | None) -> None:
        place, customer, rng = scene.place, scene.customer, scene.rng
        self.scene = scene
        self.id = scene.new_id("conv")
        self.channel = place.channels.draw(rng)
        if again is None:
            issue_id = scene.new_id("issue") if scene.chance(_HAS_ISSUE) else None
            again = Issue(issue_id, place.reasons.draw(rng), place, self.channel)
        elif self.channel == again.channel:  # a second draw: mostly another one
            self.channel = place.channels.draw(rng)
        self.issue = again._replace(channel=self.channel)
        self.now_ms = begins_ms
        self.pain = 0.1  # to need help at all is a nuisance
        self.agent_id: str | None = None
        self.team_id = place.team
        self.policy: str | None = None
        self._fixed = {
            "source": _SOURCE,
            "conversation_id": self.id,
            customer.id_field: customer.key,
            "issue_id": self.issue.issue_id,
            "contact_reason": self.issue.reason,
            "priority": _PRIORITIES.draw(rng),
            "touchpoint": place.name,
            "journey": place.journey,
            "journey_stage": place.stage,
            "on_map": "OFF" if scene.chance(_OFF_MAP) else "UNKNOWN",
            "product": customer.product,
            "region": customer.region,
            "attributes": customer.attributes,
        }

    @property
    def priority(self) -> str:
        """How urgent the tool takes it to be."""
        return str(self._fixed["priority"])

    def say(self, kind: str, actor: str, after_ms: int = 0, **more: object) -> None:
        """Write one event, `after_ms` after the one before."""
        self.now_ms += after_ms
        record = {
            **self._fixed,
            "event_id": self.scene.new_id("e"),
            "type": kind,
            "actor": actor,
            "channel": self.channel,
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
        expected_s = FIRST_REPLY_S[self.channel]
        waited_ms = scene.wait(expected_s * (1 + scene.trouble), 0.9)
        self.pain += min(max(0.25 * scene.relative(waited_ms, expected_s), -0.25), 1.0)
        self.agent_id = self.another_agent()
        drawn, alone_ms = scene.rng.random(), waited_ms
        if drawn < _ASSIGNED:
            queued_ms = int(_ASSIGNED_AT * waited_ms)
            alone_ms -= queued_ms
            self.say("ASSIGNED", "SYSTEM", queued_ms, agent_id=self.agent_id)
        self.reply(alone_ms, queue_ms=waited_ms)
        if drawn > 1 - _ASSIGNED_AFTERWARDS:
            self.say("ASSIGNED", "HUMAN", scene.wait(5))

    def reply(self, after_ms: int, **more: object) -> None:
        """Let the agent answer: a message, or on the phone a call, with its work afterwards."""
        if self.channel != "PHONE":
            self.say("AGENT_MESSAGE", "HUMAN", after_ms, **more)
            return
        scene = self.scene
        talk_ms = scene.wait(180, 0.6)
        hold_ms = scene.wait(40, 0.6) if scene.chance(_HOLDS_CALL) else 0
        self.say(
            "CALL_ENDED", "HUMAN", after_ms + talk_ms + hold_ms,
            talk_ms=talk_ms, hold_ms=hold_ms, after_work_ms=scene.wait(45, 0.5), **more,
        )  # fmt: skip

    def another_agent(self) -> str:
        """Draw who else might take over."""
        return f"a-{self.scene.rng.randrange(_AGENTS):03}"
