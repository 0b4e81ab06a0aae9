"""Bad records, made from good ones: the ways real upstreams break what they send."""

from __future__ import annotations

import random

from schemas.codec import Encoder
from schemas.framing import HEADER_BYTES, frame
from schemas.registry import FileRegistry, Registry
from streams.simulation.chance import Weighted
from streams.simulation.events import Draft
from streams.simulation.scene import Scene

__all__ = ["Spoiler"]

_REASONS = Weighted(
    ("malformed", 0.4), ("unknown_schema", 0.2), ("bad_magic", 0.2), ("tombstone", 0.1),
    ("empty", 0.1),
)  # fmt: skip

#: Of the bad answers with a score, how many have one that is not on its scale.
_OFF_SCALE = 0.5

#: Ids a registry hands out count up from 1; none comes near this one.
_UNKNOWN_ID = 0x7FFF_0000


class Spoiler:
    """Make bad records. The registry gives the header of a record that is cut short."""

    def __init__(self, registry: Registry | None = None) -> None:
        self._registry = registry or FileRegistry()
        self._encoders: dict[str, Encoder] = {}

    def spoil(self, scene: Scene, good: Draft) -> Draft:
        """Return a bad record sent right after `good`, to the same topic."""
        bad = Draft(good.at_ms + 1, good.topic, None, [], intent="bad")
        record = good.record or {}
        if "scale_max" in record and scene.chance(_OFF_SCALE):
            off_scale = {
                "event_id": scene.new_id("e"),
                "response_id": scene.new_id("r"),
                "revision": 1,
                "op": "CREATE",  # a DELETE is good with any score
                "value_number": float(record["scale_max"] + scene.rng.randint(1, 5)),
            }
            return bad._replace(record=record | off_scale, reason="score_out_of_range")
        reason = _REASONS.draw(scene.rng)
        raw = None if reason == "tombstone" else self._bytes(scene.rng, reason, good)
        return bad._replace(raw=raw, reason=reason)

    def _bytes(self, rng: random.Random, reason: str, good: Draft) -> bytes:
        if reason == "empty":
            return b""
        if reason == "bad_magic":  # JSON where Avro is expected
            return b'{"error": "serializer not configured"}'
        whole = self._encoded(good)
        if reason == "unknown_schema":
            return frame(_UNKNOWN_ID, whole[HEADER_BYTES:])
        return whole[: rng.randrange(HEADER_BYTES, len(whole))]

    def _encoded(self, good: Draft) -> bytes:
        encoder = self._encoders.get(good.topic)
        if encoder is None:
            encoder = self._encoders[good.topic] = Encoder(self._registry, good.topic)
        return encoder.encode(good.record or {})
