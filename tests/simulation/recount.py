"""Fates counted again, the simple way: the real decoder and judge, and a set of everything seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from schemas.codec import Encoder
from schemas.definitions import load_measures
from schemas.registry import FileRegistry
from streams.fold.decoding import RecordDecoder
from streams.fold.judging import Rules, check
from streams.fold.rejection import Rejection
from streams.simulation import SimulatedEvent

_REGISTRY = FileRegistry()
_RULES = Rules(load_measures(), clock_skew_ms=0)  # a simulated event is never future-dated


def on_the_wire(event: SimulatedEvent, encoders: dict[str, Encoder]) -> bytes | None:
    if event.record is None:
        return event.raw
    if event.topic not in encoders:
        encoders[event.topic] = Encoder(_REGISTRY, event.topic)
    return encoders[event.topic].encode(event.record)


def recount(events: Iterable[SimulatedEvent]) -> tuple[Counter[tuple[str, str]], Counter[str]]:
    """Return counts by (topic, fate) and by reason, from the bytes of the events."""
    encoders: dict[str, Encoder] = {}
    decoder = RecordDecoder(_REGISTRY, max_bytes=1_000_000)
    revisions: dict[tuple[str, ...], set[int]] = {}
    fates: Counter[tuple[str, str]] = Counter()
    reasons: Counter[str] = Counter()
    for event in events:
        record = decoder.decode(event.topic, on_the_wire(event, encoders))
        bad = (
            record
            if isinstance(record, Rejection)
            else check(event.topic, record, event.at_ms, _RULES)
        )
        if bad is not None or isinstance(record, Rejection):
            fates[event.topic, "rejected"] += 1
            reasons[bad.reason if bad else ""] += 1
            continue
        is_answer = event.topic == "feedback.responses"
        named = ("response_id", "question_id") if is_answer else ("event_id",)
        identity = (event.topic, record["source"], *(record[name] for name in named))
        revision = record["revision"] if is_answer else 1
        known = revisions.setdefault(identity, set())
        fate = "duplicate" if revision in known else "corrected" if known else "accepted"
        known.add(revision)
        fates[event.topic, fate] += 1
    return fates, reasons
