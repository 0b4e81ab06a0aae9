"""Blocks on the wire and blocks of `FORMAT Native`: the same bytes but for two details.

On the wire a block starts with its BlockInfo, and from revision 54454 each column has one byte
that announces an unusual serialisation. `FORMAT Native`, as the engine reads and writes it, has
neither. Everything else is passed on untouched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from sinks.embedded import limits
from sinks.embedded.columns import layout_of
from sinks.embedded.faults import BrokenPacketError, EngineError
from sinks.embedded.tape import Tape, pack_string, pack_varint

__all__ = [
    "BLOCK_INFO",
    "REVISION_WITH_SERIALISATION_FLAG",
    "Block",
    "header_block",
    "read_wire_block",
    "wire_blocks",
]

# is_overflows = 0, bucket_num = -1, end of fields.
BLOCK_INFO: Final = b"\x01\x00\x02\xff\xff\xff\xff\x00"
REVISION_WITH_SERIALISATION_FLAG: Final = 54454
_NO_COLUMNS: Final = b"\x00\x00"


@dataclass(frozen=True, slots=True)
class Block:
    """One block; `columns` are pairs of name and type, `data` its bytes on the other side."""

    rows: int
    columns: tuple[tuple[str, str], ...]
    data: bytes


def read_wire_block(tape: Tape, revision: int) -> Block:
    """Read one block of a client; its data becomes that of `FORMAT Native`.

    Raises:
        BrokenPacketError: it exceeds a limit or follows no layout.
        EngineError: a type or a serialisation this server does not carry.
        EOFError: the client went away inside the block.
    """
    _skip_block_info(tape)
    return _read_block(tape, flagged=revision >= REVISION_WITH_SERIALISATION_FLAG)


def _skip_block_info(tape: Tape) -> None:
    while field := tape.varint():
        if field not in (1, 2):
            raise BrokenPacketError(f"A block has an unknown info field {field}.")
        tape.skip(1 if field == 1 else 4)


def _read_block(tape: Tape, *, flagged: bool) -> Block:
    start = tape.pos
    count, rows = tape.varint(), tape.varint()
    if count > limits.MAX_COLUMNS or rows > limits.MAX_BLOCK_ROWS:
        raise BrokenPacketError(f"A block claims {count} columns of {rows} rows.")
    columns: list[tuple[str, str]] = []
    pieces: list[bytes] = []
    for _ in range(count):
        columns.append((tape.string(limits.MAX_NAME_BYTES), tape.string(limits.MAX_NAME_BYTES)))
        if flagged:
            pieces.append(bytes(tape.data[start : tape.pos]))
            if tape.byte():
                raise EngineError.named(
                    "NOT_IMPLEMENTED",
                    f"Column {columns[-1][0]} was sent sparse: send full columns",
                )
            start = tape.pos
        if rows:
            layout = layout_of(columns[-1][1])
            layout.prefix(tape)
            layout.values(tape, rows)
        if tape.pos > limits.MAX_BLOCK_BYTES:
            raise BrokenPacketError(f"A block is longer than {limits.MAX_BLOCK_BYTES} bytes.")
    pieces.append(bytes(tape.data[start : tape.pos]))
    return Block(rows, tuple(columns), b"".join(pieces))


def _end_of_chunk(_missing: int) -> bytes:
    raise EOFError


def wire_blocks(
    native: bytes, revision: int, types: Callable[[], Sequence[str]] = tuple
) -> Iterator[Block]:
    """Yield the blocks in what the engine answered, with their data as it goes on the wire.

    Args:
        native: blocks of `FORMAT Native`.
        revision: the revision in force.
        types: asked for the columns' real types when one is a bare DateTime: in `FORMAT Native`
            the engine leaves its time zone out. Empty: they are not known.

    Raises:
        EngineError: NOT_IMPLEMENTED for a type this server does not carry.
    """
    flagged = revision >= REVISION_WITH_SERIALISATION_FLAG
    tape = Tape(_end_of_chunk, native)
    while tape.pending:
        start = tape.pos
        count, rows = tape.varint(), tape.varint()
        columns: list[tuple[str, str]] = []
        pieces = [BLOCK_INFO]
        for _ in range(count):
            name = tape.raw_string(limits.MAX_NAME_BYTES).decode(errors="replace")
            named = tape.pos
            kind = tape.string(limits.MAX_NAME_BYTES)
            if kind == "DateTime" and (known := types()):
                kind = known[len(columns)]
                pieces += (native[start:named], pack_string(kind))
                start = tape.pos
            columns.append((name, kind))
            if flagged:
                pieces += (native[start : tape.pos], b"\x00")
                start = tape.pos
            if rows:
                layout = layout_of(kind)
                layout.prefix(tape)
                layout.values(tape, rows)
        pieces.append(native[start : tape.pos])
        yield Block(rows, tuple(columns), b"".join(pieces))


def header_block(columns: tuple[tuple[str, str], ...], revision: int) -> bytes:
    """Encode a block of no rows: it tells a client the columns' names and types."""
    if not columns:
        return BLOCK_INFO + _NO_COLUMNS
    flag = b"\x00" if revision >= REVISION_WITH_SERIALISATION_FLAG else b""
    named = [pack_string(name) + pack_string(kind) + flag for name, kind in columns]
    return BLOCK_INFO + pack_varint(len(columns)) + b"\x00" + b"".join(named)
