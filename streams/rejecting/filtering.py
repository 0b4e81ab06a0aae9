"""Which rejected records are asked for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

__all__ = ["RejectFilter", "instant_of"]

_AGO = re.compile(r"(?P<count>[1-9][0-9]{0,5})(?P<unit>[smhdw])")
_UNIT = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


@dataclass(frozen=True, slots=True)
class RejectFilter:
    """Which rejected records: all, or of a topic, with a reason, since an instant (broker time)."""

    topic: str | None = None
    reason: str | None = None
    since: datetime | None = None

    def where(self) -> tuple[str, dict[str, Any]]:
        """Return the condition in SQL, and its parameters."""
        conditions = {
            "topic": "topic = %(topic)s",
            "reason": "reason = %(reason)s",
            "since_ms": "timestamp >= fromUnixTimestamp64Milli(%(since_ms)s, 'UTC')",
        }
        params: dict[str, Any] = {"topic": self.topic, "reason": self.reason}
        if self.since is not None:
            params["since_ms"] = int(self.since.timestamp() * 1000)
        params = {name: value for name, value in params.items() if value is not None}
        return " AND ".join([conditions[name] for name in params]) or "1", params


def instant_of(text: str, now: datetime) -> datetime:
    """Read an instant, or a time span that ended at `now`. Without an offset it is UTC.

    Raises:
        ValueError: It is neither.

    >>> noon = datetime(2026, 1, 31, 12, tzinfo=UTC)
    >>> instant_of("90m", noon).isoformat(), instant_of("2026-01-30", noon).isoformat()
    ('2026-01-31T10:30:00+00:00', '2026-01-30T00:00:00+00:00')
    """
    if match := _AGO.fullmatch(text.strip()):
        return now - timedelta(**{_UNIT[match["unit"]]: int(match["count"])})
    try:
        instant = datetime.fromisoformat(text.strip())
    except ValueError:
        msg = "Give a time span (90s, 30m, 2h, 7d, 4w) or an instant (2026-01-31T08:00:00Z)."
        raise ValueError(msg) from None
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
