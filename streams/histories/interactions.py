"""The conversations of one customer, kept up to date event by event."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from schemas.measures import HistoryRules
from streams.histories.conversations import (
    Conversation,
    Identity,
    SameIssue,
    Timeline,
    issue_key,
    related_facts,
)
from streams.histories.conversations.issues import IssueKey
from streams.histories.conversations.order import place
from streams.histories.difference import difference
from streams.histories.events import InteractionEvent
from streams.histories.fact import Change, Fact

__all__ = ["ConversationHistory"]


class _Kept(NamedTuple):
    """A conversation as it was read and judged, with its facts as they were emitted."""

    timeline: Timeline
    conversation: Conversation
    related: tuple[Fact, ...]


class ConversationHistory:
    """All conversations of one subject.

    The facts depend on the set of events, never on the order they arrived in, and on the rules that
    came last. The same event must not be added twice.
    """

    def __init__(self) -> None:
        self._kept: dict[Identity, _Kept] = {}
        self._issues: dict[IssueKey, SameIssue] = {}
        self._rules: HistoryRules | None = None

    def add(
        self, event: InteractionEvent, rules: HistoryRules
    ) -> tuple[Change, tuple[Identity, ...]]:
        """Let an event join its conversation. The whole history follows these rules from now on.

        Returns:
            The facts to take back and the facts to add: only what really differs. And the
            conversations concerned: that of the event first, then others whose facts changed.
        """
        if self._rules is None:
            self._rules = rules
        elif rules is not self._rules and rules != self._rules:
            return self._judge_again(event, rules)
        identity = (event.source, event.conversation_id)
        kept = self._kept.get(identity)
        timeline = _read(event, kept, rules)
        conversation = Conversation.read(timeline, rules)
        before = kept.conversation if kept else None
        others = self._looking_at(before, conversation)
        self._file(before, conversation)
        related = self._related(conversation, rules)
        self._kept[identity] = _Kept(timeline, conversation, related)

        concerned = [identity]
        was, now = list(kept.related if kept else ()), list(related)
        for other in others:
            stands = self._kept[other]
            changed = self._related(stands.conversation, rules)
            if changed != stands.related:
                self._kept[other] = stands._replace(related=changed)
                was += stands.related
                now += changed
                concerned.append(other)
        removed, added = _changed(before.facts if before else (), conversation.facts)
        of_others = _changed(was, now)
        return Change(removed + of_others.removed, added + of_others.added), tuple(concerned)

    def conversation(self, source: str, conversation_id: str) -> Conversation:
        """Return a conversation as it stands. Raises KeyError if no event of it was added."""
        return self._kept[source, conversation_id].conversation

    def facts_of(self, source: str, conversation_id: str) -> tuple[Fact, ...]:
        """Return all facts of a conversation. Raises KeyError if no event of it was added."""
        kept = self._kept[source, conversation_id]
        return kept.conversation.facts + kept.related

    def facts(self) -> list[Fact]:
        """Return the facts of all conversations."""
        return [fact for identity in self._kept for fact in self.facts_of(*identity)]

    def _judge_again(
        self, event: InteractionEvent, rules: HistoryRules
    ) -> tuple[Change, tuple[Identity, ...]]:
        """Judge everything by other rules, and take back what was emitted as it was emitted."""
        before = self._kept
        events = [step.event for kept in before.values() for step in kept.timeline.steps]
        again = ConversationHistory()
        for one in [*events, event]:
            again.add(one, rules)
        change = difference(self.facts(), again.facts())
        self._kept, self._issues, self._rules = again._kept, again._issues, rules
        own = (event.source, event.conversation_id)
        others = (
            identity
            for identity, kept in before.items()
            if identity != own and kept[1:] != self._kept[identity][1:]
        )
        return change, (own, *others)

    def _related(self, conversation: Conversation, rules: HistoryRules) -> tuple[Fact, ...]:
        return related_facts(conversation, self._issues[_key(conversation)], rules)

    def _looking_at(self, before: Conversation | None, after: Conversation) -> list[Identity]:
        """Return the other conversations that an event of one matters to, in a fixed order.

        They know of it only when it began and what it is about, and that seldom changes.
        """
        if before is not None and _seen(before) == _seen(after):
            return []
        found: set[Identity] = set()
        for conversation in (before, after):
            if conversation is not None and (issue := self._issues.get(_key(conversation))):
                found |= issue.looking_at(conversation.start_ms)
        return sorted(found - {after.identity})

    def _file(self, before: Conversation | None, after: Conversation) -> None:
        """Put a conversation under its issue, and take it from where it was."""
        if before is not None:
            if _filed(before) == _filed(after):
                return
            issue = self._issues[_key(before)]
            issue.leave(before.identity, before.start_ms, before.first_solve_ms)
            if not issue:
                del self._issues[_key(before)]
        issue = self._issues.setdefault(_key(after), SameIssue())
        issue.join(after.identity, after.start_ms, after.first_solve_ms)


def _read(event: InteractionEvent, kept: _Kept | None, rules: HistoryRules) -> Timeline:
    """Return the conversation read up to and with an event, which mostly is the last of it."""
    if kept is None:
        return Timeline.of((event,), rules)
    timeline = kept.timeline
    if timeline.end is not None and timeline.end < place(event):
        timeline.append(event)
        return timeline
    return Timeline.of((*(step.event for step in timeline.steps), event), rules)


def _changed(before: Sequence[Fact], after: Sequence[Fact]) -> Change:
    """Return the difference, sought only where they differ.

    Mostly one event changes a few facts in the middle, and to compare is cheaper than to hash.
    """
    shared = min(len(before), len(after))
    head = 0
    while head < shared and before[head] == after[head]:
        head += 1
    tail = 0
    while tail < shared - head and before[-1 - tail] == after[-1 - tail]:
        tail += 1
    gone, come = before[head : len(before) - tail], after[head : len(after) - tail]
    if not gone or not come:
        return Change(list(gone), list(come))
    return difference(gone, come)


def _key(conversation: Conversation) -> IssueKey:
    return issue_key(conversation.issue_id, conversation.contact_reason)


def _seen(conversation: Conversation) -> tuple[IssueKey, int]:
    return _key(conversation), conversation.start_ms


def _filed(conversation: Conversation) -> tuple[IssueKey, int, int | None]:
    return _key(conversation), conversation.start_ms, conversation.first_solve_ms
