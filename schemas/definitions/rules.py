"""What histories are judged by: calendars, policies, weights, journeys, contact rules."""

from __future__ import annotations

from functools import partial

from schemas.definitions.calendars import calendar_of
from schemas.definitions.contact_rules import contact_rule_of
from schemas.definitions.journeys import journey_of
from schemas.definitions.naming import named
from schemas.definitions.policies import policy_of
from schemas.definitions.section import Section, hint
from schemas.definitions.weights import weights_of
from schemas.measures import HistoryRules

__all__ = ["rules_of"]


def rules_of(top: Section) -> HistoryRules:
    """Read everything of the file but the measures and the roll-ups; what is wrong is noted."""
    calendars = named(top, "calendar", calendar_of)
    # One that could not be read was declared all the same: its own problems say what is wrong.
    declared = [str(table.get("name")) for table in top.entries("calendar")]
    default = top.text("default_calendar")
    if default and default not in declared:
        top.problem(f"default_calendar {default} is not declared{hint(default, declared)}")
    policies = named(top, "sla", partial(policy_of, calendars=declared), name_key="id")
    participation = top.part(top.inner("participation"), "participation", "participation")
    assume_delivered = participation.flag("assume_delivered", default=False)
    participation.close()
    return HistoryRules(
        calendars=calendars,
        default_calendar=default,
        policies=tuple(policies.values()),
        effort=weights_of(top.part(top.inner("effort"), "effort", "effort")),
        journeys=named(top, "journey", journey_of),
        contact_rules=tuple(named(top, "contact_rule", contact_rule_of).values()),
        assume_delivered=assume_delivered,
    )
