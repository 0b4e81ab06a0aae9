"""Nothing may get lost: what the ledger says of its chunks, checked chunk by chunk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

__all__ = ["Chunk", "Erasure", "chunk_findings", "row_findings"]


class Chunk(NamedTuple):
    """One row of the ledger: offsets covered, records read, and their fates."""

    number: int
    first: int
    last: int
    read: int
    accepted: int
    corrected: int
    duplicate: int
    rejected: int
    gaps: int


class Erasure(NamedTuple):
    """One record that asked to erase a customer, and how many raw rows it erased.

    `later`: the record stands in the log of a later incarnation of the topic, not in this one.
    """

    offset: int
    rows: int
    later: bool = False


def chunk_findings(chunks: Sequence[Chunk], erasures: Sequence[Erasure] = ()) -> Iterator[str]:
    """Yield a sentence for each thing that does not add up. Chunks are in order."""
    for chunk in chunks:
        fates = chunk.accepted + chunk.corrected + chunk.duplicate + chunk.rejected
        if chunk.read != fates:
            yield (
                f"The chunk at offset {chunk.first} read {chunk.read:,} records, and {fates:,} have a fate: "
                f"{chunk.read - fates:+,}."
            )
        offsets = chunk.last - chunk.first + 1
        if chunk.read + chunk.gaps != offsets:
            yield (
                f"The chunk at offset {chunk.first} covers {offsets:,} offsets, with {chunk.read:,} records "
                f"and {chunk.gaps:,} gaps."
            )
    for before, after in pairwise(chunks):
        # An erasure ends the chunk before it, and one without any record is in no ledger.
        begins_anew = any(erasure.offset == after.first for erasure in erasures)
        if after.first != before.last + 1 and not begins_anew:
            yield (f"After offset {before.last} the ledger goes on with offset {after.first}.")


def row_findings(
    chunks: Sequence[Chunk], rows: int, erasures: Sequence[Erasure] = ()
) -> Iterator[str]:
    """Yield a sentence if there are not as many raw rows as records were accepted or corrected.

    A record that asks for an erasure counts as corrected, leaves no row, and takes rows away. One of a
    later incarnation of the topic only takes rows away: another ledger accounts for it.
    """
    expected = sum(chunk.accepted + chunk.corrected for chunk in chunks)
    erased = sum(erasure.rows for erasure in erasures)
    asked = sum(not erasure.later for erasure in erasures)
    if rows != expected - asked - erased:
        without = f" {erased:,} were erased by {len(erasures):,} erasures." if erasures else ""
        yield (
            f"There are {rows:,} raw rows, and {expected:,} records were accepted or corrected:"
            f"{without} {rows + asked + erased - expected:+,}."
        )
