"""One visit of a customer to one touchpoint: what is lived, said, asked and answered."""

from __future__ import annotations

from streams.simulation.conversations import converse
from streams.simulation.followups import follow_up
from streams.simulation.scene import Scene
from streams.simulation.surveys import survey

__all__ = ["visit"]

#: How much two visits of one customer to one touchpoint differ, as a standard deviation.
_VISIT_SPREAD = 0.75

#: What an incident of strength 1 takes off satisfaction, and adds to the share of contacts.
_INCIDENT_PAIN = 1.5
_INCIDENT_CONTACTS = 0.15

_INVITED = 0.85
_RELATIONSHIP = 0.05


def visit(scene: Scene, begins_ms: int) -> None:
    """Write everything of one visit, and send the customer on to the next touchpoint."""
    place, customer = scene.place, scene.customer
    satisfaction = place.level + customer.level + scene.rng.gauss(0.0, _VISIT_SPREAD)
    satisfaction -= _INCIDENT_PAIN * scene.trouble
    ended_ms = begins_ms
    conversation = None
    if scene.chance(place.contact + _INCIDENT_CONTACTS * scene.trouble):
        conversation = converse(scene, begins_ms)
        satisfaction -= conversation.pain
        ended_ms = conversation.ended_ms
    if scene.chance(_INVITED):
        sent_ms = ended_ms + scene.wait(30, 0.5)
        low = survey(scene, sent_ms, satisfaction, conversation)
        if low is not None:
            follow_up(scene, low)
    if scene.chance(_RELATIONSHIP):
        # the whole relationship is felt more calmly than one visit
        survey(scene, ended_ms + scene.wait(300), satisfaction / 2, None, relationship=True)
    customer.touchpoint = place.onward.draw(scene.rng)
