"""`[[sla]]`: how soon conversations must be answered and solved."""

from __future__ import annotations

from collections.abc import Collection

from schemas.definitions.section import Section, hint
from schemas.definitions.symbols import symbols_of
from schemas.policies import MATCHABLE, SLA_METRICS, SlaMetric, SlaPolicy

__all__ = ["policy_of"]


def policy_of(section: Section, name: str, calendars: Collection[str]) -> SlaPolicy:
    """Read one policy; what is wrong is noted in the section.

    Args:
        section: Its table.
        name: Its id.
        calendars: Names of the calendars there are.
    """
    targets: dict[SlaMetric, int] = {}
    for metric in SLA_METRICS:
        target_ms = section.duration_ms(metric)
        if target_ms is not None:
            targets[metric] = target_ms
    if section.is_good and not targets:
        section.problem(f"needs a target: one of {', '.join(SLA_METRICS)}")
    calendar = section.text("calendar")
    if calendar and calendar not in calendars:
        section.problem(f"calendar {calendar} is not declared{hint(calendar, calendars)}")
    match = {
        field: frozenset(section.distinct(f"match.{field}", values, required=True))
        for field, values in section.inner("match").items()
    }
    section.one_of("match", match, MATCHABLE)
    section.one_of(
        "match.channel",
        sorted(match.get("channel", ())),
        symbols_of("feedback.interactions", "channel"),
    )
    section.close()
    return SlaPolicy(name, targets, calendar, match)
