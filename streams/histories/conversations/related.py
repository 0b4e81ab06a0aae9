"""Facts of a conversation that depend on the customer's other conversations."""

from __future__ import annotations

from schemas.effort import MOST_EFFORT
from schemas.facts import HORIZONS_MS
from schemas.measures import HistoryRules
from streams.histories.conversations.conversation import Conversation
from streams.histories.conversations.issues import WINDOW_MS, SameIssue
from streams.histories.fact import Fact

__all__ = ["related_facts"]


def related_facts(
    conversation: Conversation, siblings: SameIssue, rules: HistoryRules
) -> tuple[Fact, ...]:
    """Return the observed effort and the flags of repeat contacts.

    Args:
        conversation: The conversation.
        siblings: The customer's conversations about the same issue. It may be among them: none
            begins before its own start or after its own solution.
        rules: What the conversation was judged by.
    """
    facts: list[Fact] = []
    if (solved := conversation.first_solve) is not None:
        reopened_ms = conversation.first_reopen_ms
        for name, horizon_ms in HORIZONS_MS.items():
            until_ms = solved.time_ms + horizon_ms
            came_back = reopened_ms is not None and reopened_ms <= until_ms
            repeated = came_back or siblings.begun(solved.time_ms + 1, until_ms + 1) > 0
            facts.append(Fact(name, solved.time_ms, int(not repeated), solved.dimensions))
    if (solved := conversation.last_solve) is not None:
        start_ms = conversation.start_ms
        before = siblings.begun(start_ms - WINDOW_MS, start_ms)
        points = conversation.effort + rules.effort.repeat_contact * before
        value = min(MOST_EFFORT, points)
        facts.append(Fact("effort", solved.time_ms, value, solved.dimensions))
    return tuple(facts)
