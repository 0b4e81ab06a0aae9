"""Good records to begin with, each of its own identity, and what hostile ones are made of."""

from __future__ import annotations

import random
from typing import Any

from tests.builders import record_for
from tests.worker.sending import REGISTRY, Outgoing, encode

__all__ = ["HOSTILE_SOURCE", "Maker", "zigzag"]

#: What every record says it comes from that can be decoded, if no bit of that was flipped.
HOSTILE_SOURCE = "hostile"

_CUSTOMERS, _CONVERSATIONS = 40, 60

Record = dict[str, Any]


class Maker:
    """Good records to begin with, and a source of chance. Times end at `now_ms`."""

    def __init__(self, seed: int, now_ms: int) -> None:
        self.rng = random.Random(seed)
        self.now_ms = now_ms
        self._number = 0

    def record(self, topic: str, **change: Any) -> Record:
        """Return a good record of its own identity, about one of a few customers."""
        rng = self.rng
        self._number += 1
        own: Record = {
            "event_id": f"h-e-{self._number}",
            "source": HOSTILE_SOURCE,
            "customer_id": f"h-c-{rng.randrange(_CUSTOMERS)}",
        }
        at_ms = self.now_ms - rng.randrange(3_600_000)
        own["responded_at" if topic == "feedback.responses" else "event_time"] = at_ms
        if topic == "feedback.responses":
            own["response_id"] = f"h-r-{self._number}"
        if topic == "feedback.invitations":
            own["invitation_id"] = f"h-i-{self._number % _CONVERSATIONS}"
            own["status"] = rng.choice(("SENT", "DELIVERED", "OPENED", "ANSWERED", "EXPIRED"))
        if topic == "feedback.interactions":
            own["conversation_id"] = f"h-k-{self._number % _CONVERSATIONS}"
            own["type"] = rng.choice(
                ("CREATED", "CUSTOMER_MESSAGE", "AGENT_MESSAGE", "SOLVED", "REOPENED", "CALL_ENDED")
            )
            own["actor"] = rng.choice(("CUSTOMER", "HUMAN", "BOT", "SYSTEM"))
        if topic == "feedback.followups":
            own["case_id"] = f"h-k-{self._number % _CONVERSATIONS}"
        return record_for(topic, **own) | change

    def sent(self, topic: str, value: bytes | None, **more: Any) -> Outgoing:
        """Return a value on its way, with a key of its own."""
        key = f"h-{self.rng.randrange(200)}".encode()
        return Outgoing(topic, key, value, self.now_ms)._replace(**more)

    def whole(self, topic: str, **change: Any) -> bytes:
        """Return the bytes of a good record, with some fields changed."""
        return encode(topic, self.record(topic, **change))

    def names(self, topic: str, kind: str) -> list[str]:
        """Return the fields of a topic that hold a plain type, null or not."""
        fields = REGISTRY.latest(f"{topic}-value").definition["fields"]
        return [field["name"] for field in fields if _plain(field["type"]) == kind]


def zigzag(number: int) -> bytes:
    r"""Return a number as Avro writes it.

    >>> zigzag(-1), zigzag(64)
    (b'\x01', b'\x80\x01')
    """
    left = (number << 1) ^ (number >> 63)
    left &= 2**64 - 1
    out = bytearray()
    while left > 0x7F:
        out.append(left & 0x7F | 0x80)
        left >>= 7
    out.append(left)
    return bytes(out)


def _plain(kind: Any) -> str:
    if isinstance(kind, list):
        return next((_plain(one) for one in kind if one != "null"), "")
    if isinstance(kind, dict):
        return str(kind.get("logicalType", ""))
    return str(kind)
