"""Why a row of a file was not imported, beside the reasons the worker has."""

from __future__ import annotations

from streams.fold.rejection import REASONS

__all__ = ["IMPORT_REASONS", "Refused", "cure_of"]

#: Every reason of an import's own, and what to do about it.
IMPORT_REASONS: dict[str, str] = {
    "broken_row": (
        "The row has another number of cells than the header, or is not JSON. "
        "Fill its columns from `_raw`, then empty `_raw`."
    ),
    "bad_encoding": "A text is not in the encoding of the file. Set input.encoding.",
    "empty_field": "A field that every event needs is empty in this row.",
    "wrong_type": "The value is a list, an object or bytes where one value is needed.",
    "not_a_number": "The value is not a number. Use `map` for words.",
    "not_whole": "The value is a number with a fraction where the field takes whole numbers.",
    "not_a_time": "The value follows none of the formats in `time`.",
    "no_time_zone": "The time names no offset. Set input.time_zone.",
    "clock_change": "The local time is skipped or repeated by a clock change, and input.dst refuses it.",
    "not_a_flag": "The value is none of true, false, yes, no, 1, 0. Use `map`.",
    "unmapped_value": "The value is not in `map`. Add it, or set `otherwise`.",
    "not_in_lookup": 'The look-up file has no such key. `missing = "empty"` leaves the field empty.',
    "does_not_fit": "A value is larger than the schema's type.",
}


class Refused(Exception):
    """One row cannot become events. `detail` names fields, never a value of the row."""

    def __init__(self, reason: str, detail: str) -> None:
        self.reason = reason
        self.detail = detail
        super().__init__(f"{reason}: {detail}")


def cure_of(reason: str) -> str:
    """Return what to do about a reason, of the import's own or of the worker's."""
    known: dict[str, str] = {str(name): cure for name, cure in REASONS.items()}
    return (known | IMPORT_REASONS)[reason]
