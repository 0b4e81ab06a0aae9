"""Times of files to epoch milliseconds.

A local time is read in the mapping's zone. The two hours a year at which clocks change have one
rule (PEP 495, fold 0): a time that happens twice is its first occurrence, and a time that is
skipped is read with the offset before the change, so it lands as much later as the clock jumped.
`dst = "refuse"` refuses both.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from streams.importing.numbers import number_of
from streams.importing.reasons import Refused

__all__ = ["Dst", "TimeReader", "needs_zone", "problem_of"]

Dst = Literal["first", "refuse"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)
_SAMPLE = datetime(2025, 10, 31, 23, 59, 58, tzinfo=UTC)
_UNIX = {"unix_s": 1000, "unix_ms": 1}
_LOCAL = "%Y-%m-%d %H:%M:%S"
_LOCAL_LENGTH = 19


def needs_zone(time_format: str) -> bool:
    """Whether times in this format can only be read with a time zone."""
    return time_format not in {"iso", *_UNIX} and "%z" not in time_format


def problem_of(time_format: str) -> str | None:
    """Return why no time can ever be read in this format, None if one can.

    >>> problem_of("%Y-%m-%d %Q")
    "'Q' is a bad directive in format '%Y-%m-%d %Q'"
    """
    if time_format in {"iso", *_UNIX}:
        return None
    if "%" not in time_format:
        return f"{time_format} is neither iso, unix_s, unix_ms nor a pattern such as %d.%m.%Y %H:%M"
    try:
        datetime.strptime(_SAMPLE.strftime(time_format), time_format)  # noqa: DTZ007 - only the format is tried
    except (ValueError, re.error) as error:
        # A directive that comes twice is an error of the pattern strptime makes of it.
        text = "a directive comes twice" if isinstance(error, re.error) else str(error)
        return text.replace("\n", " ")
    return None


class TimeReader:
    """Read the times of one field, in the first of its formats that fits.

    A format is `iso` (ISO 8601, with or without an offset), `unix_s`, `unix_ms` or a pattern of
    `datetime.strptime`.
    """

    def __init__(self, formats: Sequence[str], zone: ZoneInfo | None, dst: Dst = "first") -> None:
        self._formats = tuple(formats)
        self._zone = zone
        self._dst = dst

    def __call__(self, value: Any) -> int:
        """Return epoch milliseconds.

        Raises:
            Refused: not_a_time, no_time_zone or clock_change.
        """
        if isinstance(value, date):  # a datetime is one, too
            if not isinstance(value, datetime):
                value = datetime(value.year, value.month, value.day)  # noqa: DTZ001 - the zone is the caller's
            return self._milliseconds(value)
        for time_format in self._formats:
            try:
                if time_format in _UNIX:
                    return round(number_of(value) * _UNIX[time_format])
                if isinstance(value, str):
                    return self._milliseconds(_parsed(value.strip(), time_format))
            except Refused as refusal:
                if refusal.reason != "not_a_number":
                    raise
            except (ValueError, OverflowError):
                continue
        raise Refused("not_a_time", f"the time is not {' or '.join(self._formats)}")

    def _milliseconds(self, moment: datetime) -> int:
        if moment.tzinfo is None:
            if self._zone is None:
                raise Refused("no_time_zone", "the time has no offset and no time_zone is set")
            moment = moment.replace(tzinfo=self._zone)
            if self._dst == "refuse" and moment.utcoffset() != moment.replace(fold=1).utcoffset():
                raise Refused("clock_change", "the local time is skipped or happens twice")
        return (moment - _EPOCH) // _MS


def _parsed(text: str, time_format: str) -> datetime:
    # fromisoformat is ten times as fast as strptime; it reads more than this one pattern, so the
    # separators are checked first.
    if (
        time_format == _LOCAL
        and len(text) == _LOCAL_LENGTH
        and (text[4], text[7], text[10], text[13], text[16]) == ("-", "-", " ", ":", ":")
    ) or time_format == "iso":
        return datetime.fromisoformat(text)
    return datetime.strptime(text, time_format)  # noqa: DTZ007 - the zone is the caller's
