"""One visit of a customer to one touchpoint: what is lived, said, asked and answered."""

from __future__ import annotations

from streams.simulation.conversations import Conversation, converse
from streams.simulation.followups import follow_up
from streams.simulation.scene import Scene
from streams.simulation.surveys import survey
from streams.simulation.talk import Issue

__all__ = ["come_back", "visit"]

#: How much two visits of one customer to one touchpoint differ, as a standard deviation.
_VISIT_SPREAD = 0.75

#: What an incident of strength 1 takes off satisfaction, and adds to the share of contacts.
_INCIDENT_PAIN = 1.5
_INCIDENT_CONTACTS = 0.15

#: What having to come back with the same issue takes off.
_AGAIN_PAIN = 0.3

_INVITED = 0.85
_RELATIONSHIP = 0.05


def visit(scene: Scene, begins_ms: int) -> None:
    """Write everything of one visit, and send the customer on to the next touchpoint."""
    place, customer = scene.place, scene.customer
    satisfaction, ended_ms = _felt(scene), begins_ms
    conversation = None
    if scene.chance(place.contact + _INCIDENT_CONTACTS * scene.trouble):
        conversation = converse(scene, begins_ms)
        ended_ms = conversation.ended_ms
    _ask(scene, ended_ms, satisfaction, conversation)
    if scene.chance(_RELATIONSHIP):
        if conversation is not None:
            satisfaction -= conversation.pain
        # the whole relationship is felt more calmly than one visit
        survey(scene, ended_ms + scene.wait(300), satisfaction / 2, None, relationship=True)
    customer.touchpoint = place.onward.draw(scene.rng)


def come_back(scene: Scene, begins_ms: int, issue: Issue) -> None:
    """Write everything of a contact about an issue that was not solved before."""
    conversation = converse(scene, begins_ms, issue)
    _ask(scene, conversation.ended_ms, _felt(scene) - _AGAIN_PAIN, conversation)


def _felt(scene: Scene) -> float:
    satisfaction = scene.place.level + scene.customer.level + scene.rng.gauss(0.0, _VISIT_SPREAD)
    return satisfaction - _INCIDENT_PAIN * scene.trouble


def _ask(
    scene: Scene, ended_ms: int, satisfaction: float, conversation: Conversation | None
) -> None:
    """Invite most customers to a survey after it, and follow up what is told there."""
    if not scene.chance(_INVITED):
        return
    low = survey(scene, ended_ms + scene.wait(30, 0.5), satisfaction, conversation)
    if low is not None:
        follow_up(scene, low)
