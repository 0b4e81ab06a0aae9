"""Records that no honest producer sends, from a seed: damaged, forged, too large, out of every range."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Sequence
from typing import Any, NamedTuple

from schemas.catalog import INPUTS
from schemas.framing import HEADER_BYTES, frame
from tests.faults.hostile_maker import Maker, zigzag
from tests.faults.hostile_values import LONGS, SCORES, TEXTS, TIMES_MS
from tests.worker.sending import REGISTRY, Outgoing

__all__ = ["Hostile", "hostile"]

_TOPICS = [topic.name for topic in INPUTS]
_BOMB = 2 * 1024**2
_UNKNOWN_IDS = (0, 10, 12_345, 2**31 - 1, 2**31, 2**32 - 1)

Record = dict[str, Any]


class Hostile(NamedTuple):
    """One record, how it was made, and why it must be rejected; None: any fate will do."""

    attack: str
    item: Outgoing
    reason: str | None


Attack = Callable[[Maker, str], tuple[Outgoing, str | None]]


def hostile(seed: int, now_ms: int, *, without: Container[str] = ()) -> Iterator[Hostile]:
    """Yield hostile records without end, each kind about as often as any other."""
    maker = Maker(seed, now_ms)
    names = [name for name in ATTACKS if name not in without]
    while True:
        name = maker.rng.choice(names)
        item, reason = ATTACKS[name](maker, maker.rng.choice(_TOPICS))
        yield Hostile(name, item, reason)


# -- bytes that are no record


def _length(maker: Maker, topic: str) -> tuple[Outgoing, str]:
    """The first text claims a length that nothing follows, or one below 0."""
    whole = maker.whole(topic)
    length = maker.rng.choice((*LONGS, 2**20, 2**32, 2**40))
    if 0 <= length < len(whole):
        length = 2**33
    body = zigzag(length) + whole[HEADER_BYTES + 1 :]
    return maker.sent(topic, whole[:HEADER_BYTES] + body), "malformed"


def _count(maker: Maker, topic: str) -> tuple[Outgoing, str | None]:
    """The last list, of attributes, claims more items than there are bytes."""
    whole = maker.whole(topic)
    count = maker.rng.choice([n for n in LONGS if n] + [2**20, -(2**20), 10**6])
    junk = maker.rng.randbytes(maker.rng.randrange(40))
    return maker.sent(topic, whole[:-2] + zigzag(count) + junk), None


def _endless(maker: Maker, topic: str) -> tuple[Outgoing, str]:
    """A number whose last byte never comes."""
    whole = maker.whole(topic)
    some = maker.rng.choice((1, 9, 10, 11, 1_000, 100_000))
    return maker.sent(topic, whole[:HEADER_BYTES] + b"\xff" * some), "malformed"


def _random(maker: Maker, topic: str) -> tuple[Outgoing, None]:
    whole = maker.whole(topic)
    junk = maker.rng.randbytes(maker.rng.randrange(200))
    return maker.sent(topic, whole[:HEADER_BYTES] + junk), None


def _truncated(maker: Maker, topic: str) -> tuple[Outgoing, str]:
    whole = maker.whole(topic)
    return maker.sent(topic, whole[: maker.rng.randrange(HEADER_BYTES, len(whole))]), "malformed"


def _longer(maker: Maker, topic: str) -> tuple[Outgoing, str]:
    junk = maker.rng.randbytes(maker.rng.randrange(1, 50))
    return maker.sent(topic, maker.whole(topic) + junk), "trailing_bytes"


def _flipped(maker: Maker, topic: str) -> tuple[Outgoing, None]:
    whole = bytearray(maker.whole(topic))
    for _ in range(maker.rng.choice((1, 1, 1, 2, 8))):
        # The first text is the id and the second the source; what is flipped there is another's.
        whole[maker.rng.randrange(HEADER_BYTES + 30, len(whole))] ^= 1 << maker.rng.randrange(8)
    return maker.sent(topic, bytes(whole)), None


def _magic(maker: Maker, topic: str) -> tuple[Outgoing, str]:
    whole = maker.whole(topic)
    value = maker.rng.choice(
        (b"\x01" + whole[1:], b"\xff" + whole[1:], b"{}", b"\x00", b"\x00\x00\x00\x00", whole[1:])
    )
    # Without its first byte, a value begins with the next one of the id, which is 0 again.
    reason = "unknown_schema" if value == whole[1:] else "bad_magic"
    return maker.sent(topic, value), reason


def _nothing(maker: Maker, topic: str) -> tuple[Outgoing, str]:
    if maker.rng.random() < 0.5:
        return maker.sent(topic, b""), "empty"
    return maker.sent(topic, None), "tombstone"


def _schema_id(maker: Maker, topic: str) -> tuple[Outgoing, str]:
    body = maker.whole(topic)[HEADER_BYTES:]
    if maker.rng.random() < 0.5:
        return maker.sent(topic, frame(maker.rng.choice(_UNKNOWN_IDS), body)), "unknown_schema"
    others = [one.id for one in REGISTRY.all() if one.subject != f"{topic}-value"]
    return maker.sent(topic, frame(maker.rng.choice(others), body)), "wrong_schema"


def _bomb(maker: Maker, topic: str) -> tuple[Outgoing, str]:
    """Two megabytes; compressed they are nothing."""
    whole = maker.whole(topic)
    fill = maker.rng.choice((b"\x00", b"\x80", b"\xff", b"a"))
    return maker.sent(topic, whole[:HEADER_BYTES] + fill * _BOMB), "too_large"


# -- records that can be read


def _not_text(maker: Maker, topic: str) -> tuple[Outgoing, str]:
    """Bytes that are no UTF-8, among them halves of surrogate pairs."""
    whole = maker.whole(topic, tenant_id="XXXXXXXX")
    bad = maker.rng.choice(
        (b"\xed\xa0\x80\xed\xb0\x80", b"\xff\xfe", b"\xc0\x80", b"\xf5\x80\x80\x80")
    )
    value = whole.replace(b"XXXXXXXX", bad.ljust(8, b"x"))
    return maker.sent(topic, value), "malformed"


def _odd_text(maker: Maker, topic: str) -> tuple[Outgoing, None]:
    names = maker.rng.sample(maker.names(topic, "string"), 4)
    change = {name: maker.rng.choice(TEXTS) for name in names}
    return maker.sent(topic, maker.whole(topic, **change)), None


def _long_text(maker: Maker, topic: str) -> tuple[Outgoing, None]:
    name = maker.rng.choice(maker.names(topic, "string"))
    text = maker.rng.choice(("x", "é", "\N{PILE OF POO}")) * maker.rng.choice(
        (300, 70_000, 200_000)
    )
    return maker.sent(topic, maker.whole(topic, **{name: text})), None


def _numbers(maker: Maker, topic: str) -> tuple[Outgoing, None]:
    change: Record = {}
    for kind, most in (("int", 2**31 - 1), ("long", 2**63 - 1)):
        for name in maker.names(topic, kind):
            if maker.rng.random() < 0.4:
                edges = [n for n in LONGS if -most - 1 <= n <= most]
                change[name] = maker.rng.choice(edges)
    return maker.sent(topic, maker.whole(topic, **change)), None


def _score(maker: Maker, _: str) -> tuple[Outgoing, None]:
    metric, low, high = maker.rng.choice(
        (("NPS", 0, 10), ("CSAT", 1, 5), ("CES", 1, 7), ("NPS", -(2**31), 2**31 - 1))
    )
    return _scored(maker, SCORES, metric=metric, scale_min=low, scale_max=high)


def _score_of_a_text(maker: Maker, _: str) -> tuple[Outgoing, None]:
    """A number where none is asked for; nobody counts it, and nobody may stumble over it."""
    scale = maker.rng.choice((None, 0, 2**31 - 1))
    metric = maker.rng.choice(("TEXT", "CHOICE"))
    return _scored(maker, SCORES, metric=metric, scale_min=scale, scale_max=scale)


def _scored(maker: Maker, scores: Sequence[float | None], **change: Any) -> tuple[Outgoing, None]:
    topic, score = "feedback.responses", maker.rng.choice(scores)
    op = maker.rng.choice(("CREATE", "UPDATE", "DELETE"))
    return maker.sent(topic, maker.whole(topic, value_number=score, op=op, **change)), None


def _time(maker: Maker, topic: str) -> tuple[Outgoing, None]:
    names = maker.names(topic, "timestamp-millis")
    change = {name: maker.rng.choice(TIMES_MS) for name in names if maker.rng.random() < 0.5}
    at_ms = maker.rng.choice((0, 1, maker.now_ms, maker.now_ms + 600_000))
    return maker.sent(topic, maker.whole(topic, **change), timestamp_ms=at_ms), None


def _attributes(maker: Maker, topic: str) -> tuple[Outgoing, None]:
    some = maker.rng.choice((1, 100, 5_000))
    names = maker.rng.choice((("",), ("a",), TEXTS, tuple(map(str, range(some)))))
    attributes = [
        {"name": names[n % len(names)], "value": maker.rng.choice(TEXTS)} for n in range(some)
    ]
    return maker.sent(topic, maker.whole(topic, attributes=attributes)), None


# -- what travels beside a record


def _key(maker: Maker, topic: str) -> tuple[Outgoing, None]:
    key = maker.rng.choice((None, b"", b"\xff\xfe", b"\x00" * 10, b"k" * 200_000))
    value = maker.rng.choice((maker.whole(topic), b"{}"))
    return maker.sent(topic, value, key=key), None


def _forget(maker: Maker, topic: str) -> tuple[Outgoing, str | None]:
    """An erasure nobody asked for: malformed, or beside a record, where it means nothing."""
    order = maker.rng.choice((None, b"", b"keep", b"drop everybody", b"KEEP CUSTOMER", b"\xff\xff"))
    if maker.rng.random() < 0.5:
        headers = (("earshot-forget", b"keep customer"), ("earshot-forget", order))
        return maker.sent(topic, None, headers=headers), "malformed_forget"
    headers = (("earshot-forget", b"drop customer"), ("earshot-request", order))
    return maker.sent(topic, maker.whole(topic), headers=headers), None


def _replay(maker: Maker, topic: str) -> tuple[Outgoing, None]:
    place = maker.rng.choice(
        (
            b"feedback.responses/0/0/0", b"feedback.responses/0/0/999999999999999999", b"",
            b"a/999999999/999999999/999999999999999999", b"//", b"\xff", None, b"x" * 10_000,
        )
    )  # fmt: skip
    count = maker.rng.choice((b"1", b"0", b"-1", b"999999999", b"1e9", None, b"\xff"))
    headers = (("earshot-replay-of", place), ("earshot-replays", count))
    value = maker.rng.choice((maker.whole(topic), b"{}", b""))
    return maker.sent(topic, value, headers=headers), None


def _headers(maker: Maker, topic: str) -> tuple[Outgoing, None]:
    headers = tuple(
        (
            maker.rng.choice(("", "h", "\N{SNOWMAN}" * 50)),
            maker.rng.choice((None, b"", b"\xff" * 99)),
        )
        for _ in range(maker.rng.choice((1, 200)))
    )
    value = maker.rng.choice((maker.whole(topic), b"{}"))
    return maker.sent(topic, value, headers=headers), None


ATTACKS: dict[str, Attack] = {
    attack.__name__.removeprefix("_"): attack
    for attack in (
        _length, _count, _endless, _random, _truncated, _longer, _flipped, _flipped, _magic, _nothing,
        _schema_id, _bomb, _not_text, _odd_text, _long_text, _numbers, _score, _score_of_a_text, _time,
        _attributes, _key, _forget, _replay, _headers,
    )
}  # fmt: skip
