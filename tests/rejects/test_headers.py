"""The headers of a replay: whoever sends them, reading them never fails and never says too much."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.codec import Decoder, Encoder
from schemas.framing import unframe
from schemas.registry import FileRegistry
from sinks.tables import TABLES
from streams.agents.messages import reject_columns, reject_messages
from streams.agents.replays import Replayed, ReplayOf, belongs, outcome_columns, replay_of
from streams.batch import TopicPartition
from streams.fold.partition import Rejected
from streams.fold.rejection import Rejection
from streams.rejecting.headers import REPLAY_OF, REPLAYS, replay_headers
from tests.builders import ANSWERS, NOW_MS

TP = TopicPartition(ANSWERS, 2)
OF = ReplayOf(ANSWERS, 0, 2, 42, 3)


@dataclass
class Record:
    headers: list[tuple[str, bytes]] = field(default_factory=list)
    offset: int = 99
    timestamp: int = NOW_MS
    key: bytes | None = None
    value: bytes | None = b"junk"


@given(
    epoch=st.integers(0, 10**9 - 1),
    partition=st.integers(0, 10**9 - 1),
    offset=st.integers(0, 10**18 - 1),
    replays=st.integers(1, 10**9 - 1),
)
def test_what_is_written_is_read(epoch: int, partition: int, offset: int, replays: int) -> None:
    of = ReplayOf(ANSWERS, epoch, partition, offset, replays)
    assert replay_of(Record([("trace", b"x"), *replay_headers(of)])) == of


_HEADERS = st.lists(
    st.tuples(
        st.sampled_from([REPLAY_OF, REPLAYS, "trace"]),
        st.none()
        | st.binary(max_size=20)
        | st.sampled_from([b"feedback.responses/0/2/42", b"3", b"0", b"-1", b"9" * 30]),
    ),
    max_size=4,
)


@given(_HEADERS)
def test_no_header_makes_it_fail(headers: list[tuple[str, bytes]]) -> None:
    of = replay_of(Record(headers))
    if of is not None:
        assert [name for name, _ in headers].count(REPLAY_OF) == 1
        assert 1 <= of.replays < 2**31
        assert of.offset < 2**63


@pytest.mark.parametrize(
    "where",
    [b"", b"feedback.responses/0/2", b"feedback.responses/0/2/-1", b"a b/0/2/1", b"a/0/2/1\n",
     b"a/0/2/" + b"9" * 19, "a/0/2/\u0661".encode(), b"a/b/0/2/1", b"x" * 300 + b"/0/2/1"],
)  # fmt: skip
def test_other_places_say_nothing(where: bytes) -> None:
    assert replay_of(Record([(REPLAY_OF, where), (REPLAYS, b"1")])) is None


def test_a_record_without_headers_is_no_replay() -> None:
    assert replay_of(Record()) is None


@pytest.mark.parametrize(
    ("of", "can_be"),
    [
        (OF, True),
        (OF._replace(offset=98), True),
        (OF._replace(offset=99), False),
        (OF._replace(offset=100), False),
        (OF._replace(partition=1), False),
        (OF._replace(topic="feedback.followups"), False),
        (OF._replace(epoch=1), False),
    ],
)
def test_a_replay_lies_behind_what_it_is_of(of: ReplayOf, can_be: bool) -> None:
    assert belongs(of, TP, 0, 99) == can_be
    assert bool(outcome_columns([Replayed(of, TP, 0, 99, NOW_MS, "accepted")])) == can_be


def test_only_what_was_counted_has_an_outcome() -> None:
    fates = ["accepted", "rejected", "corrected", "duplicate"]
    columns = outcome_columns([Replayed(OF, TP, 0, 99, NOW_MS, fate) for fate in fates])
    rows = [
        dict(zip(TABLES["reject_outcomes"].columns, row, strict=True))
        for row in zip(*columns, strict=True)
    ]
    assert [row["fate"] for row in rows] == ["accepted", "corrected", "duplicate"]
    assert rows[0] | {"_precedence": 0} == {
        "_topic": ANSWERS, "_epoch": 0, "_partition": 2, "_offset": 42, "outcome": "replayed",
        "fate": "accepted", "by_epoch": 0, "by_partition": 2, "by_offset": 99, "replays": 3,
        "at": NOW_MS, "why": "", "_precedence": 0,
    }  # fmt: skip
    assert outcome_columns([]) == []


@pytest.mark.parametrize(("of", "told"), [(OF, (3, "feedback.responses/0/2/42")),
                                          (OF._replace(partition=1), (0, ""))])  # fmt: skip
def test_a_replay_that_is_rejected_tells_what_it_is_of(of: ReplayOf, told: tuple[int, str]) -> None:
    registry = FileRegistry()
    record = Record(replay_headers(of))
    one = (TP, Rejected(99, NOW_MS, Rejection("bad_magic", "no header of the wire format")), record)
    row = dict(
        zip(
            TABLES["rejects"].columns,
            next(zip(*reject_columns([one], 0), strict=True)),
            strict=True,
        )
    )
    assert (row["replays"], row["replay_of"]) == told
    ((_, message),) = reject_messages([one], 0, Encoder(registry, "feedback.rejects"))
    framed = unframe(message)
    assert framed is not None
    schema = registry.by_id(framed.schema_id)
    assert Decoder(schema, schema).decode(framed.body)["replays"] == told[0]
