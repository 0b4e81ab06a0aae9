"""How far the invitations of one customer came."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from streams.verifying.fact import Fact
from streams.verifying.row import Row

__all__ = ["invitation_dimensions", "invitations_of", "participation_facts"]

_STEPS = {"SENT": 1, "DELIVERED": 2, "OPENED": 3, "STARTED": 4, "ANSWERED": 5, "COMPLETED": 6}
_FIELDS = ("survey_id", "touchpoint", "journey_stage")


def invitations_of(rows: Sequence[Row]) -> list[list[Row]]:
    """Return the events of each invitation, by time."""
    found: dict[tuple[str, str], list[Row]] = {}
    for row in sorted(rows, key=lambda row: (row["event_time"], row["event_id"])):
        found.setdefault((row["source"], row["invitation_id"]), []).append(row)
    return list(found.values())


def invitation_dimensions(row: Row) -> dict[str, str]:
    """Return the dimensions an event of an invitation carries, non-empty ones only."""
    found = {name: str(row[name]) for name in _FIELDS if row[name]}
    if row["channel"] not in ("", "UNKNOWN"):
        found["channel"] = str(row["channel"])
    found |= {f"attributes.{name}": value for name, value in row["attributes"].items() if value}
    return found


def participation_facts(rows: Sequence[Row], *, assume_delivered: bool) -> Iterator[Fact]:
    """Yield the furthest step of every invitation that took one in time, from a customer's events."""
    for events in invitations_of(rows):
        ends = [event["expires_at"] for event in events if event["expires_at"] is not None]
        steps = [
            event
            for event in events
            if event["status"] in _STEPS and (not ends or event["event_time"] <= max(ends))
        ]
        if not steps:
            continue
        sent = [step for step in steps if step["status"] == "SENT"]
        value = max(_STEPS[step["status"]] for step in steps)
        if any(event["status"] == "BOUNCED" for event in events):
            value = 1
        elif assume_delivered and sent:
            value = max(value, _STEPS["DELIVERED"])
        dated_by = sent[0] if sent else steps[0]
        dimensions = invitation_dimensions(dated_by)
        yield Fact("participation", dated_by["event_time"], value, dimensions)
