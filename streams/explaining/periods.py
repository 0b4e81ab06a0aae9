"""Windows as people write them: 2018-03, 2018-03-14T10:00/1h, 2018-03-14/2018-03-16."""

from __future__ import annotations

import re
from datetime import MAXYEAR, UTC, datetime, timedelta

from streams.reading import Window

__all__ = ["WINDOW_FORMS", "window_of", "written"]

#: What a window may look like, for messages.
WINDOW_FORMS = "2018-03, 2018-03-14, 2018-03-14T10:00/1h or 2018-03-14T10:00/2018-03-15T08:30"

_WHOLE = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?")
_LENGTH = re.compile(r"(?:[0-9]{1,6}[mhdw])+")
_ISO_LENGTH = re.compile(
    r"P(?:(?P<w>[0-9]{1,6})W)?(?:(?P<d>[0-9]{1,6})D)?"
    r"(?:T(?:(?P<h>[0-9]{1,6})H)?(?:(?P<m>[0-9]{1,6})M)?)?"
)
_PART = re.compile(r"([0-9]+)([mhdw])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}

_DECEMBER = 12


def window_of(text: str) -> Window:
    """Read a window. Instants without an offset are UTC; a year, month or day alone is all of it.

    Raises:
        ValueError: It cannot be read, is empty, or is not of whole minutes, which slices are.

    >>> written(window_of("2018-03")), written(window_of("2018-03-14T10:00+02:00/90m"))
    ('2018-03-01T00:00Z/2018-04-01T00:00Z', '2018-03-14T08:00Z/2018-03-14T09:30Z')
    """
    start, slash, end = text.strip().partition("/")
    try:
        since = _instant(start)
        if slash:
            until = since + length if (length := _length(end)) else _instant(end)
        elif (whole := _end_of_whole(start)) is not None:
            until = whole
        else:
            msg = f"{text}: how long? Write {start}/1h, or one of {WINDOW_FORMS}."
            raise ValueError(msg)
    except OverflowError:
        msg = f"{text} reaches beyond the calendar."
        raise ValueError(msg) from None
    if until <= since:
        msg = f"{text} is empty: it ends at or before its start."
        raise ValueError(msg)
    return Window(since, until)


def written(window: Window) -> str:
    """Write a window so that `window_of` reads it."""
    return f"{_minute(window.since)}/{_minute(window.until)}"


def _minute(moment: datetime | None) -> str:
    if moment is None:
        return ".."
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='minutes')}Z"


def _instant(text: str) -> datetime:
    text = text.strip()
    if match := _WHOLE.fullmatch(text):
        year, month, day = (int(part or 1) for part in match.groups())
        try:
            return datetime(year, month, day, tzinfo=UTC)
        except ValueError:
            msg = f"{text} is no date."
            raise ValueError(msg) from None
    try:
        moment = datetime.fromisoformat(text.upper())
    except ValueError:
        msg = f"{text or 'An empty text'} is no instant; a window is one of {WINDOW_FORMS}."
        raise ValueError(msg) from None
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    if moment.second or moment.microsecond:
        msg = f"{text} is within a minute; scores are kept by whole minutes."
        raise ValueError(msg)
    return moment


def _length(text: str) -> timedelta | None:
    """Return a length such as 1h30m or PT90M, or None if it is none."""
    if _LENGTH.fullmatch(text):
        parts = _PART.findall(text)
    elif match := _ISO_LENGTH.fullmatch(text.upper()):
        parts = [(count, unit) for unit, count in match.groupdict().items() if count]
    else:
        return None
    length = timedelta()
    for count, unit in parts:
        length += timedelta(**{_UNITS[unit]: int(count)})
    if not length:
        msg = f"{text} is no length; write 90m, 1h or 7d."
        raise ValueError(msg)
    return length


def _end_of_whole(text: str) -> datetime | None:
    """Return the end of a year, month or day; None for an instant within a day."""
    match = _WHOLE.fullmatch(text.strip())
    if match is None:
        return None
    start = _instant(text)
    if match[3]:
        return start + timedelta(days=1)
    if match[2] and start.month < _DECEMBER:
        return start.replace(month=start.month + 1)
    if start.year == MAXYEAR:
        raise OverflowError
    return start.replace(year=start.year + 1, month=1)
