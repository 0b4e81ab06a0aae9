"""Conversations: one state machine over the events of each, and the facts it yields."""

from __future__ import annotations

from streams.histories.conversations.conversation import Conversation, Solve
from streams.histories.conversations.issues import Identity, SameIssue, issue_key
from streams.histories.conversations.related import related_facts
from streams.histories.conversations.timeline import Timeline

__all__ = [
    "Conversation",
    "Identity",
    "SameIssue",
    "Solve",
    "Timeline",
    "issue_key",
    "related_facts",
]
