"""Erase a customer: the record that asks for it, and what the customer had added to the counts.

An erasure is an event in the log, so that every reading of the log erases at the same place. It is a
record without a value, whose key is the id and whose header says what to do:

    earshot-forget: keep customer      (or: drop customer, keep anonymous, drop anonymous)
    earshot-request: any short text    (joins the records of one request; may be left out)

It erases what stands before it in its partition, and a chunk begins with it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, get_args

from streams.fold.cells import Cell
from streams.fold.customers import Customer
from streams.fold.kinds import Identity
from streams.fold.known import Known
from streams.fold.rejection import Rejection

__all__ = [
    "FORGOTTEN",
    "Erasure",
    "ErasureRecord",
    "Mode",
    "SubjectKind",
    "Trace",
    "contribution",
    "control_of",
    "headers_of",
]

#: keep: published counts stay as they are. drop: what the customer had added is taken back.
Mode = Literal["keep", "drop"]

#: Which id the key is: `customer_id`, or `anonymous_id`.
SubjectKind = Literal["customer", "anonymous"]

#: Behind the topic of slices that take back what an erased customer had added.
FORGOTTEN = "#forgotten"

_HEADER, _REQUEST = "earshot-forget", "earshot-request"
_MOST_REQUEST_BYTES = 64
_PREFIX: dict[SubjectKind, str] = {"customer": "c:", "anonymous": "a:"}
_ORDERS: dict[bytes, tuple[Mode, SubjectKind]] = {
    f"{mode} {kind}".encode(): (mode, kind)
    for mode in get_args(Mode)
    for kind in get_args(SubjectKind)
}


@dataclass(frozen=True, slots=True)
class Erasure:
    """Whom to erase, and how. The id is kept out of `repr`: nothing may log it."""

    subject: str = field(repr=False)
    kind: SubjectKind
    mode: Mode
    request: str = ""

    @property
    def key(self) -> bytes:
        """The id, as the key of the customer's records."""
        return self.subject.removeprefix(_PREFIX[self.kind]).encode()


class ErasureRecord(NamedTuple):
    """An erasure, and where it stood in the log."""

    offset: int
    timestamp_ms: int
    erasure: Erasure


class Trace(NamedTuple):
    """What a subject left in a partition before an erasure.

    `rows` raw rows, by identity and revision; the `cells` they had added to; the newest version of the
    `definitions` among them; what is known of their identities without them, None for nothing; and the
    `others` whose histories saw some of these rows.
    """

    rows: int
    cells: dict[Cell, int]
    definitions: int
    left: dict[Identity, Known | None]
    others: frozenset[str] = frozenset()


def headers_of(kind: SubjectKind, mode: Mode, request: str) -> list[tuple[str, bytes]]:
    """Return the headers of the record that asks for an erasure; its key is the id."""
    return [(_HEADER, f"{mode} {kind}".encode()), (_REQUEST, request.encode())]


def control_of(
    key: bytes | None, headers: Sequence[tuple[str, bytes | None]]
) -> Erasure | Rejection | None:
    """Return what a record without a value asks for; None if it asks for nothing.

    >>> control_of(b"c1", [("earshot-forget", b"keep customer")])
    Erasure(kind='customer', mode='keep', request='')
    >>> control_of(b"c1", [("earshot-forget", b"now")]).reason
    'malformed_forget'
    >>> control_of(b"c1", []) is None
    True
    """
    orders = [value for name, value in headers if name == _HEADER]
    if not orders:
        return None
    if len(orders) > 1 or orders[0] not in _ORDERS:
        return _malformed("the header is not one of keep or drop, customer or anonymous")
    mode, kind = _ORDERS[orders[0]]
    try:
        name = (key or b"").decode()
        request = b"".join([value or b"" for name, value in headers if name == _REQUEST])
        reference = request.decode()
    except UnicodeDecodeError:
        return _malformed("the key or the request is not UTF-8")
    if not name:
        return _malformed("the key, which is the id, is empty")
    if len(request) > _MOST_REQUEST_BYTES:
        return _malformed(f"the request has more than {_MOST_REQUEST_BYTES} bytes")
    return Erasure(_PREFIX[kind] + name, kind, mode, reference)


def contribution(
    before: Iterable[Known],
    left: Iterable[Known | None],
    histories: Iterable[Customer] = (),
    remaining: Iterable[Customer] = (),
) -> dict[Cell, int]:
    """Return what a subject's records had added: how much each cell would be less without them.

    Args:
        before: What is known of the identities the subject has records of.
        left: What would be known of them without these. A revision of somebody else may be left,
            which counts again in a recount: then a cell has less than 0.
        histories: The histories that saw any of these records, as they are.
        remaining: The same without these records.
    """
    cells: Counter[Cell] = Counter()
    for known in before:
        cells.update(known.cells)
    for one in left:
        if one is not None:
            cells.subtract(one.cells)
    for history in histories:
        cells.update(history.cells())
    for history in remaining:
        cells.subtract(history.cells())
    return {cell: n for cell, n in cells.items() if n}


def _malformed(detail: str) -> Rejection:
    return Rejection("malformed_forget", detail)
