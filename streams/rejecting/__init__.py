"""Rejected records: list, explain, send again, drop. Blocking: it asks ClickHouse."""

from streams.rejecting.choosing import Choice, LeftOut, chosen, chosen_at, lots_of
from streams.rejecting.coordinates import Coordinates, coordinates_of
from streams.rejecting.dropping import drop
from streams.rejecting.explaining import Explanation, explained
from streams.rejecting.fields import FieldSeen
from streams.rejecting.filtering import RejectFilter, instant_of
from streams.rejecting.headers import ReplayOf
from streams.rejecting.listing import ReasonCount, RejectedRow, reason_counts, rejected_rows
from streams.rejecting.record import (
    Outcome,
    Place,
    RejectedBytes,
    RejectedRecord,
    contents,
    rejected_record,
)
from streams.rejecting.rejudging import Judge
from streams.rejecting.replaying import MOST_REPLAYS, rehearsed, replay, worth_sending
from streams.rejecting.waiting import Fates, wait_for_fates

__all__ = [
    "MOST_REPLAYS",
    "Choice",
    "Coordinates",
    "Explanation",
    "Fates",
    "FieldSeen",
    "Judge",
    "LeftOut",
    "Outcome",
    "Place",
    "ReasonCount",
    "RejectFilter",
    "RejectedBytes",
    "RejectedRecord",
    "RejectedRow",
    "ReplayOf",
    "chosen",
    "chosen_at",
    "contents",
    "coordinates_of",
    "drop",
    "explained",
    "instant_of",
    "lots_of",
    "reason_counts",
    "rehearsed",
    "rejected_record",
    "rejected_rows",
    "replay",
    "wait_for_fates",
    "worth_sending",
]
