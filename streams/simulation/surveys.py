"""Invitations and what becomes of them: opened, answered question by question, or forgotten."""

from __future__ import annotations

from typing import NamedTuple

from streams.simulation.answers import CES, CSAT, FCR_SELF, NPS, Scale, comment
from streams.simulation.chance import Weighted
from streams.simulation.conversations import Conversation
from streams.simulation.events import Record
from streams.simulation.scene import Scene

__all__ = ["ANSWERS", "INVITATIONS", "LowAnswer", "survey"]

INVITATIONS = "feedback.invitations"
ANSWERS = "feedback.responses"

_SOURCE = "surveys"

#: Seconds after which a survey can no longer be answered. Real ones wait for days; an hour lets
#: expiry show in a simulation of an hour or two.
EXPIRES_S = 3600.0

_CHANNELS = Weighted(("EMAIL", 0.35), ("IN_APP", 0.3), ("SMS", 0.2), ("WEB", 0.15))

#: Median seconds from delivery to opening, by channel.
_OPENS_S = {"EMAIL": 300.0, "IN_APP": 20.0, "SMS": 90.0, "WEB": 30.0, "CHAT": 10.0, "PHONE": 60.0}

_DELIVERS = 0.97
_OPENS = 0.62
_STARTS = 0.72
_COMPLETES = 0.9

#: Of those who start, those who leave at the first question.
_LEAVES = 0.05
_COMMENTS = 0.35

#: Of the surveys about a conversation, those that ask whether it was solved.
_ASKS_IF_SOLVED = 0.5

#: What having come without success takes off the answer to that, and success adds.
_SOLVED = 1.5

#: How much more the question about effort reflects what the conversation was like.
_EFFORT = 0.5

#: The very happy and the very unhappy answer more readily.
_STRONG_FEELING = 1.2

_LOW = {"NPS": 6, "CSAT": 2}


class LowAnswer(NamedTuple):
    """An answer somebody should follow up."""

    event_id: str
    answered_ms: int


class _Survey(NamedTuple):
    """What is asked: each question with the satisfaction it is answered from."""

    survey_id: str
    kind: str
    questions: list[tuple[Scale, float]]


def survey(
    scene: Scene,
    sent_ms: int,
    satisfaction: float,
    conversation: Conversation | None,
    *,
    relationship: bool = False,
) -> LowAnswer | None:
    """Write an invitation and, where it is taken, the answers. Return the first low answer.

    `satisfaction` is without what the conversation, if there was one, takes off.
    """
    place, customer = scene.place, scene.customer
    if conversation is not None:
        satisfaction -= conversation.pain
    asked = (
        _Survey("relationship", "RELATIONSHIP", [(NPS, satisfaction)])
        if relationship
        else _transactional(scene, satisfaction, conversation)
    )
    channel = conversation.channel if conversation else _CHANNELS.draw(scene.rng)
    about: Record = {
        "source": _SOURCE,
        "survey_id": asked.survey_id,
        "survey_kind": asked.kind,
        customer.id_field: customer.key,
        "journey_stage": place.stage,
        "channel": channel,
        "attributes": customer.attributes,
    }
    if not relationship:
        about["touchpoint"] = place.name
    if conversation is not None:
        about["conversation_id"] = conversation.id
    invitation = about | {
        "invitation_id": scene.new_id("i"),
        "expires_at": sent_ms + scene.fixed(EXPIRES_S),
    }
    seen = _invite(scene, invitation, channel, sent_ms, satisfaction)
    if seen is None:
        return None
    opened_ms, started_ms = seen
    answer = about | {
        "response_id": scene.new_id("r"),
        "journey": place.journey,
        "product": customer.product,
        "region": customer.region,
        "invited_at": sent_ms,
        "opened_at": opened_ms,
        "started_at": started_ms,
        "language": "en",
    }
    if conversation is not None:
        answer |= {"agent_id": conversation.agent_id, "team_id": conversation.team_id}
    complete = scene.chance(_COMPLETES)
    low, ended_ms = _answers(scene, answer, asked, satisfaction, complete=complete)
    _step(scene, invitation, "ANSWERED", started_ms)
    if complete:
        _step(scene, invitation, "COMPLETED", ended_ms)
    return low


def _transactional(scene: Scene, satisfaction: float, conversation: Conversation | None) -> _Survey:
    questions = [(CSAT, satisfaction)]
    if conversation is not None:
        questions.append((CES, satisfaction - _EFFORT * conversation.pain))
        if scene.chance(_ASKS_IF_SOLVED):
            solved = _SOLVED if conversation.helped else -_SOLVED
            questions.append((FCR_SELF, satisfaction + solved))
    if scene.place.asks_nps:
        questions.append((NPS, satisfaction))
    return _Survey(f"after-{scene.place.name}", "TRANSACTIONAL", questions)


def _invite(
    scene: Scene, invitation: Record, channel: str, sent_ms: int, satisfaction: float
) -> tuple[int, int] | None:
    """Write the steps up to STARTED, or to EXPIRED. Return when it was opened and started.

    None stands for an invitation that nobody answers.
    """
    _step(scene, invitation, "SENT", sent_ms)
    now_ms = sent_ms + scene.wait(2, 0.5)
    if not scene.chance(_DELIVERS):
        _step(scene, invitation, "BOUNCED", now_ms)
        return None
    _step(scene, invitation, "DELIVERED", now_ms)
    opened_ms = now_ms + scene.wait(_OPENS_S[channel], 1.0)
    started_ms = opened_ms + scene.wait(8, 0.6)
    if scene.chance(_OPENS) and opened_ms < invitation["expires_at"]:
        _step(scene, invitation, "OPENED", opened_ms)
        starts = _STARTS * (1.25 if abs(satisfaction) > _STRONG_FEELING else 1.0)
        if scene.chance(starts) and started_ms < invitation["expires_at"]:
            _step(scene, invitation, "STARTED", started_ms)
            if not scene.chance(_LEAVES):
                return opened_ms, started_ms
    _step(scene, invitation, "EXPIRED", invitation["expires_at"])
    return None


def _step(scene: Scene, invitation: Record, status: str, at_ms: int) -> None:
    record = invitation | {"event_id": scene.new_id("e"), "status": status, "event_time": at_ms}
    scene.write(INVITATIONS, record, at_ms)


def _answers(
    scene: Scene, answer: Record, asked: _Survey, satisfaction: float, *, complete: bool
) -> tuple[LowAnswer | None, int]:
    """Write one event a question. Return the first low answer, and when the last was given."""
    rng = scene.rng
    now_ms = answer["started_at"]
    low: LowAnswer | None = None
    # who does not complete a survey leaves after its first question
    for scale, felt in asked.questions if complete else asked.questions[:1]:
        now_ms += scene.wait(6, 0.6)
        score = scale.answer(felt, rng)
        record = answer | {
            "event_id": scene.new_id("e"),
            "question_id": scale.metric.lower(),
            "metric": scale.metric,
            "scale_min": scale.low,
            "scale_max": scale.high,
            "value_number": float(score),
            "completed": complete,
            "responded_at": now_ms,
        }
        _write_answer(scene, record)
        if low is None and score <= _LOW.get(scale.metric, -1):
            low = LowAnswer(record["event_id"], now_ms)
    if complete and scene.chance(_COMMENTS):
        now_ms += scene.wait(25, 0.6)
        record = answer | {
            "event_id": scene.new_id("e"),
            "question_id": "comment",
            "metric": "TEXT",
            "value_text": comment(satisfaction, rng),
            "responded_at": now_ms,
        }
        _write_answer(scene, record)
    return low, now_ms


def _write_answer(scene: Scene, record: Record) -> None:
    """Plan an answer: its first revision is 1."""
    scene.write(ANSWERS, record | {"revision": 1, "op": "CREATE"}, record["responded_at"])
    scene.drafts[-1] = scene.drafts[-1]._replace(revision=1)
