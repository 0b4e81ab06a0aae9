"""Bytes, so that a person can read them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from streams.rejecting import RejectedBytes

__all__ = ["dumped", "hex_dump"]

_LINE = 16
_PRINTABLE = range(32, 127)


def hex_dump(content: bytes) -> str:
    r"""Write bytes sixteen a line: offset, hex, and what is printable ASCII.

    >>> print(hex_dump(b"\x00\x00\x00\x00\x01Earshot hears"))
      00000000  00 00 00 00 01 45 61 72  73 68 6f 74 20 68 65 61  |.....Earshot hea|
      00000010  72 73                                             |rs|
    """
    lines = []
    for start in range(0, len(content), _LINE):
        row = content[start : start + _LINE]
        halves = "  ".join(row[i : i + 8].hex(" ") for i in (0, 8))
        text = "".join(chr(byte) if byte in _PRINTABLE else "." for byte in row)
        lines.append(f"  {start:08x}  {halves:<48}  |{text}|")
    return "\n".join(lines) or "  no bytes"


def dumped(content: RejectedBytes) -> Iterator[str]:
    """Yield key, value and headers of a record, each with its heading."""
    parts = [("key", content.key), ("value", content.value)]
    parts += [(f"header {name.decode(errors='replace')}", value) for name, value in content.headers]
    for name, held in parts:
        yield f"\n{name}\n" + ("  null" if held is None else hex_dump(held))
