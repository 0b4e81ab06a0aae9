"""The invitations of one customer: how far each came, and whether there were too many."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from schemas.measures import HistoryRules
from streams.histories.contacts import contact_facts
from streams.histories.difference import difference
from streams.histories.events import InvitationEvent
from streams.histories.fact import Change, Fact
from streams.histories.participation import first_sent, participation_fact

__all__ = ["InvitationHistory"]


@dataclass(slots=True)
class _Invitation:
    """The records of one invitation, and the fact they yield."""

    events: list[InvitationEvent] = field(default_factory=list)
    fact: Fact | None = None


class InvitationHistory:
    """One customer's records of invitations."""

    def __init__(self) -> None:
        self._invitations: dict[tuple[str, str], _Invitation] = {}
        self._sent: dict[tuple[str, str], InvitationEvent] = {}
        self._contacts: list[Fact] = []
        self._rules: HistoryRules | None = None

    def add(self, event: InvitationEvent, rules: HistoryRules) -> Change:
        """Add a record; return the facts that change.

        The whole history follows these rules from now on.
        """
        key = (event.source, event.invitation_id)
        invitation = self._invitations.setdefault(key, _Invitation())
        invitation.events.append(event)
        if rules is self._rules:
            removed, added = _participate([invitation], rules)
        else:
            removed, added = _participate(self._invitations.values(), rules)
        if event.status == "SENT" or rules is not self._rules:
            self._rules = rules
            change = self._contact(key, rules)
            removed, added = removed + change.removed, added + change.added
        return Change(removed, added)

    def facts(self) -> list[Fact]:
        """Return the facts as they are now."""
        return _facts(self._invitations.values()) + self._contacts

    def _contact(self, key: tuple[str, str], rules: HistoryRules) -> Change:
        """Judge all contacts anew: one that comes late changes how those after it are judged."""
        if sent := first_sent(self._invitations[key].events):
            self._sent[key] = sent
        before = self._contacts
        self._contacts = contact_facts(self._sent.values(), rules.contact_rules)
        return difference(before, self._contacts)


def _participate(invitations: Collection[_Invitation], rules: HistoryRules) -> Change:
    """Find out anew how far these invitations came."""
    before = _facts(invitations)
    for one in invitations:
        one.fact = participation_fact(one.events, assume_delivered=rules.assume_delivered)
    return difference(before, _facts(invitations))


def _facts(invitations: Collection[_Invitation]) -> list[Fact]:
    return [invitation.fact for invitation in invitations if invitation.fact is not None]
