"""Windows as options give them: a length and an end, or a start and an end."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import typer

from streams.reading import Window

__all__ = ["window_between", "window_of"]

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def window_between(since: str, until: str, now: datetime) -> Window:
    """Return the window from one instant to another, or to the end of the current minute.

    Raises:
        typer.BadParameter: One of them cannot be read, or it ends before it starts.
    """
    start, end = _instant(since, "--since"), _end(until, now)
    if end <= start:
        raise typer.BadParameter("The window ends at or before its start.", param_hint="--until")
    return Window(start, end, rolls=not until)


def window_of(window: str, until: str, now: datetime) -> Window:
    """Return the window of a length that ends at `until`, or with the current minute.

    Also "all" ends there: what is dated later is a target that is due then, and not missed yet.

    Raises:
        typer.BadParameter: One of them cannot be read.
    """
    end = _end(until, now)
    if window == "all":
        return Window(None, end, rolls=not until)
    match = re.fullmatch(r"([1-9][0-9]{0,5})([mhdw])", window)
    if match is None:
        raise typer.BadParameter(
            f"{window} is not a length like 90m, 24h, 7d, 4w, or all.", param_hint="--window"
        )
    length = timedelta(**{_UNITS[match[2]]: int(match[1])})
    try:
        return Window(end - length, end, rolls=not until)
    except OverflowError:
        raise typer.BadParameter(f"{window} reaches back too far.", param_hint="--window") from None


def _end(until: str, now: datetime) -> datetime:
    if until:
        return _instant(until, "--until")
    return now.replace(second=0, microsecond=0) + timedelta(minutes=1)


def _instant(text: str, option: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
        instant = instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)
    except ValueError:
        raise typer.BadParameter(f"{text} is not ISO 8601.", param_hint=option) from None
    except OverflowError:
        raise typer.BadParameter(
            f"{text} is not in the years 1 to 9999 of UTC.", param_hint=option
        ) from None
    if instant.second or instant.microsecond:
        raise typer.BadParameter(
            f"{text} is within a minute; scores are kept by whole minutes.", param_hint=option
        )
    return instant
