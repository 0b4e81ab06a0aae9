"""What each reason means, in a sentence for whoever has never heard of it."""

from __future__ import annotations

from streams.fold.rejection import Reason

__all__ = ["MEANINGS"]

MEANINGS: dict[Reason, str] = {
    "tombstone": "Kafka calls a record without a value a tombstone. It says that something is gone, but not "
    "which revision took it back, so nothing can be subtracted.",
    "malformed_forget": "It asks to erase a customer, and does not say clearly whom or how. Nothing was "
    "erased.",
    "empty": "There is a value, and it is zero bytes long: there is nothing to decode.",
    "too_large": "The value is larger than the limit of the workers, which protects their memory.",
    "bad_magic": "The value does not begin with a zero byte and a schema id, so it is not a framed Avro "
    "record: perhaps JSON, or Avro from a serializer without a registry.",
    "unknown_schema": "The value names the schema it was written with by a number, and the registry has "
    "none of that number: perhaps it was made with another registry.",
    "wrong_schema": "The schema exists, and it is that of another topic.",
    "malformed": "The schema is known, and the bytes cannot be read by it: they were cut, damaged, or "
    "written with another schema than they say.",
    "trailing_bytes": "A whole record was read, and there are bytes left. Which of them are right nobody "
    "can tell.",
    "missing_identity": "A field that tells this record from all others is empty. Without it a "
    "correction or a second delivery could not be recognized, and would be counted twice.",
    "bad_revision": "Revisions of an answer are counted from 1, and the highest is the valid one.",
    "unknown_symbol": "A field that must be one of a few words holds UNKNOWN: its sender left it out, or "
    "uses a newer schema than is known here.",
    "future_dated": "The event would have happened after Kafka received it, by more than the allowed "
    "difference of clocks.",
    "time_out_of_range": "A time lies where no event can: often seconds or microseconds in place of "
    "milliseconds.",
    "no_measure": "Answers of different scales are never mixed, so each scale must be declared, and "
    "nobody declared this one.",
    "missing_score": "A survey of this metric asks for a score, and the answer has none.",
    "score_not_whole": "The score of this metric is one of a row of whole numbers.",
    "score_out_of_range": "The answer names its scale, and its score is not on it.",
    "refused_by_clickhouse": "The record was read and judged good, and ClickHouse did not take the row "
    "that was made of it.",
}
