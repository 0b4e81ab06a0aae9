"""Somebody follows up a low answer: some of the time, after a while, and not always to the end."""

from __future__ import annotations

from streams.simulation.chance import Weighted
from streams.simulation.scene import Scene
from streams.simulation.surveys import LowAnswer

__all__ = ["TOPIC", "follow_up"]

TOPIC = "feedback.followups"

_SOURCE = "helpdesk"
_FOLLOWED = 0.5
_REACHED = 0.8
_ESCALATED = 0.1
_TOLD = 0.6
_OWNERS = 12

_OUTCOMES = Weighted(("explained", 0.4), ("repaired", 0.35), ("compensated", 0.25))
_CHANNELS = Weighted(("PHONE", 0.6), ("EMAIL", 0.4))


def follow_up(scene: Scene, low: LowAnswer) -> None:
    """Write the steps of one follow-up, or none at all."""
    if not scene.chance(_FOLLOWED):
        return
    rng, customer = scene.rng, scene.customer
    now_ms = low.answered_ms + scene.wait(60)
    fixed = {
        "source": _SOURCE,
        "case_id": scene.new_id("case"),
        "trigger_event_id": low.event_id,
        customer.id_field: customer.key,
        "owner_id": f"o-{rng.randrange(_OWNERS):02}",
        "team_id": scene.place.team,
        "touchpoint": scene.place.name,
        "attributes": customer.attributes,
    }

    def step(status: str, **more: object) -> None:
        record = {**fixed, "event_id": scene.new_id("e"), "status": status, "event_time": now_ms}
        scene.write(TOPIC, record | more, now_ms)

    step("OPEN", due_at=now_ms + scene.fixed(3600))
    if scene.chance(_ESCALATED):
        now_ms += scene.wait(300)
        step("ESCALATED")
    now_ms += scene.wait(600)
    if not scene.chance(_REACHED):
        step("CLOSED", outcome="not_reached")
        return
    step("CONTACTED", channel=_CHANNELS.draw(rng), personalised=scene.chance(_TOLD))
    now_ms += scene.wait(400)
    step("CLOSED", outcome=_OUTCOMES.draw(rng), root_cause=scene.place.reasons.draw(rng))
    if scene.chance(_TOLD):
        now_ms += scene.wait(200)
        step("TOLD")
