"""Why a record could not be counted."""

from __future__ import annotations

from typing import Literal, NamedTuple

__all__ = ["OUTER_REASONS", "REASONS", "Reason", "Rejection"]

Reason = Literal[
    "tombstone",
    "malformed_forget",
    "empty",
    "too_large",
    "bad_magic",
    "unknown_schema",
    "wrong_schema",
    "malformed",
    "trailing_bytes",
    "missing_identity",
    "bad_revision",
    "unknown_symbol",
    "future_dated",
    "time_out_of_range",
    "no_measure",
    "missing_score",
    "score_not_whole",
    "score_out_of_range",
    "refused_by_clickhouse",
]

#: Reasons that lie outside of the log, in the registry, in ClickHouse or in our settings: the same record
#: may be good the next time it is folded.
OUTER_REASONS: tuple[Reason, ...] = (
    "unknown_schema",
    "refused_by_clickhouse",
    "too_large",
    "future_dated",
)

#: Every reason, and what its sender should do about it.
REASONS: dict[Reason, str] = {
    "tombstone": "The value is null. To take an answer back, send its next revision with op DELETE.",
    "malformed_forget": "The header earshot-forget cannot be followed. Use `earshot forget` to erase a "
    "customer.",
    "empty": "The value has no bytes. Send a framed Avro record.",
    "too_large": "The value is larger than worker.max_record_bytes. Send less, or raise the limit.",
    "bad_magic": "The value does not start with the five-byte header of the wire format.",
    "unknown_schema": "No registry knows the schema id in the header. Register the schema first.",
    "wrong_schema": "The schema id belongs to another topic. Check the producer's topic.",
    "malformed": "The body does not follow its schema. The record was cut or damaged on its way.",
    "trailing_bytes": "The body goes on after the record. Two records in one value, or damage.",
    "missing_identity": "A field that identifies the record is empty. Fill it in.",
    "bad_revision": "The revision is below 1. Start at 1 and count up.",
    "unknown_symbol": "An enum holds UNKNOWN. Send a symbol of the schema, or upgrade Earshot.",
    "future_dated": "The event is dated later than its broker timestamp plus worker.clock_skew_s. Set "
    "the clock of whoever dated it.",
    "time_out_of_range": "A time lies before 1990 or after 2199. Times are milliseconds since 1970.",
    "no_measure": "No measure declares this metric on this scale, direction and kind of survey. Correct "
    "the record, or declare a measure for it (docs/measures.md).",
    "missing_score": "The metric needs value_number, and it is null. Send a score, or dismissed = true.",
    "score_not_whole": "The score is not a whole number. Send the score the customer picked, unrounded.",
    "score_out_of_range": "The score lies outside its own scale. Correct it, or scale_min and scale_max.",
    "refused_by_clickhouse": "ClickHouse does not take the row this record makes. Its log says why; after "
    "a cure, `earshot rejects replay`.",
}


class Rejection(NamedTuple):
    """One record's reason, and a detail that names fields but never holds a value of a customer."""

    reason: Reason
    detail: str
