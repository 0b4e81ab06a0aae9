"""The Confluent wire format: a zero byte, the schema id in four bytes (big-endian), the Avro body.

Source: https://docs.confluent.io/platform/current/schema-registry/fundamentals/serdes-develop/index.html#wire-format
"""

from __future__ import annotations

import struct
from typing import NamedTuple

__all__ = ["HEADER_BYTES", "MAGIC", "Frame", "frame", "unframe"]

MAGIC = 0
HEADER_BYTES = 5

_HEADER = struct.Struct(">bI")


class Frame(NamedTuple):
    """A record's schema id and its Avro body."""

    schema_id: int
    body: bytes


def frame(schema_id: int, body: bytes) -> bytes:
    r"""Return `body` behind its five-byte header.

    >>> frame(1, b"x")
    b'\x00\x00\x00\x00\x01x'
    """
    return _HEADER.pack(MAGIC, schema_id) + body


def unframe(value: bytes) -> Frame | None:
    r"""Return the frame, or None if `value` has no complete header with the right magic byte.

    >>> unframe(b"\x00\x00\x00\x00\x01x")
    Frame(schema_id=1, body=b'x')
    >>> unframe(b"{}") is None
    True
    """
    if len(value) < HEADER_BYTES or value[0] != MAGIC:
        return None
    return Frame(int.from_bytes(value[1:HEADER_BYTES], "big"), value[HEADER_BYTES:])
