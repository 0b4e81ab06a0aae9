"""What counts as a reply, and of whom."""

from __future__ import annotations

from typing import Literal

from streams.histories.events import InteractionEvent

__all__ = ["BOT", "HUMAN", "NONE", "Reply", "reply_of"]

Reply = Literal["", "human", "bot"]

NONE: Reply = ""
HUMAN: Reply = "human"
BOT: Reply = "bot"


def reply_of(event: InteractionEvent) -> Reply:
    """Return whose reply an event is, if the conversation is open.

    A person replies with a public message or by talking in a call; a message nobody wrote (actor
    SYSTEM, "we got your mail") is no reply at all.
    """
    if event.type == "AGENT_MESSAGE":
        if not event.public or event.actor == "SYSTEM":
            return NONE
        return BOT if event.actor == "BOT" else HUMAN
    if event.type == "BOT_MESSAGE":
        return BOT if event.public else NONE
    if event.type == "CALL_ENDED" and (event.talk_ms or 0) > 0:
        return HUMAN
    return NONE
