"""Numbers that depend on several records are a function of the log too, in whatever order it came."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.contact_rules import ContactRule
from schemas.effort import EffortWeights
from schemas.facts import FACTS
from schemas.journey_maps import JourneyMap
from schemas.measures import HistoryRules, Measure, Measures, OncePer, Score
from streams.fold.cells import Cell
from streams.fold.partition import Decoded
from tests.builders import ANSWERS, NOW_MS, record_for
from tests.fold.model import UNLIMITED, Tables, Worker, folded, log_of
from tests.fold.test_totals import CHUNKS, STORIES, Story, told

INTERACTIONS, INVITATIONS = "feedback.interactions", "feedback.invitations"
DAY_MS = 86_400_000

_COUNT = (Score("count", "count", "records", "How many."),)

RULES = HistoryRules(
    effort=EffortWeights(channel_switch=5, transfer=7, repeat_contact=11, reopen=13),
    journeys={
        "buy": JourneyMap(
            "buy", ("look", "pay"), frozenset({"look"}), frozenset({("look", "pay")}), 5 * DAY_MS
        )
    },
    contact_rules=(ContactRule("few", most=1, per_ms=7 * DAY_MS),),
)


def measures(version: int, dimensions: tuple[str, ...], *, once_per: OncePer = "") -> Measures:
    """Return measures of all facts by some dimensions."""
    found = [
        Measure(f"m.{fact.name}", fact.topic, "", "", dimensions, _COUNT, scale=fact.scale,
                fact=fact.name)
        for fact in FACTS.values()
    ]  # fmt: skip
    of_nps: dict[str, Any] = {"metric": "NPS", "scale": (0, 10)}
    found.append(Measure("nps", ANSWERS, "", "", dimensions, _COUNT, **of_nps))
    if once_per:
        once = Measure("once", ANSWERS, "", "", dimensions, _COUNT, once_per=once_per, **of_nps)
        found.append(once)
    return Measures(version, found, str(version), RULES)


OLD = measures(1, ("channel",), once_per="day")
NEW = measures(2, ("touchpoint", "attributes.tier"), once_per="hour")
NEVER = measures(2, ("touchpoint",))
NEWEST = measures(3, ("channel",), once_per="hour")

TYPES = [
    *("CREATED", "CUSTOMER_MESSAGE", "AGENT_MESSAGE", "SOLVED", "SOLVED", "REOPENED"),
    *("TRANSFERRED", "PENDING", "BOT_MESSAGE", "BOT_HANDOFF"),
]

TIMES = st.sampled_from([0, 0, 60_000, 90_000, DAY_MS, 6 * DAY_MS, 9 * DAY_MS])


@st.composite
def interactions(draw: st.DrawFn) -> dict[str, Any]:
    return record_for(
        INTERACTIONS,
        event_id=f"e{draw(st.integers(0, 200))}",
        conversation_id=draw(st.sampled_from(["k1", "k2", "k3"])),
        customer_id=draw(st.sampled_from(["c1", "c1", "c2", None])),
        type=draw(st.sampled_from(TYPES)),
        channel=draw(st.sampled_from(["EMAIL", "CHAT"])),
        journey=draw(st.sampled_from(["buy", None])),
        journey_stage=draw(st.sampled_from(["look", "pay"])),
        attributes=draw(st.sampled_from([[], [{"name": "tier", "value": "gold"}]])),
        event_time=NOW_MS + draw(TIMES),
        is_test=draw(st.sampled_from([False, False, False, True])),
    )


@st.composite
def invitations(draw: st.DrawFn) -> dict[str, Any]:
    return record_for(
        INVITATIONS,
        event_id=f"e{draw(st.integers(0, 200))}",
        invitation_id=draw(st.sampled_from(["i1", "i2", "i3"])),
        customer_id=draw(st.sampled_from(["c1", "c2"])),
        status=draw(st.sampled_from(["SENT", "SENT", "OPENED", "ANSWERED", "BOUNCED"])),
        event_time=NOW_MS + draw(TIMES),
    )


@st.composite
def answers(draw: st.DrawFn) -> dict[str, Any]:
    return record_for(
        ANSWERS,
        response_id=draw(st.sampled_from(["r1", "r2", "r3"])),
        revision=draw(st.integers(1, 4)),
        op=draw(st.sampled_from(["CREATE", "UPDATE", "UPDATE", "DELETE"])),
        customer_id=draw(st.sampled_from(["c1", "c1", "c2", None])),
        value_number=float(draw(st.integers(0, 10))),
        responded_at=NOW_MS + draw(TIMES),
        dismissed=draw(st.sampled_from([False, False, True])),
        is_test=draw(st.sampled_from([False, False, True])),
    )


RECORDS: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    INTERACTIONS: interactions(),
    INVITATIONS: invitations(),
    ANSWERS: answers(),
}
TOPICS = pytest.mark.parametrize("topic", RECORDS)


def logged(records: Sequence[dict[str, Any]]) -> list[Decoded]:
    return log_of(records, timestamp_ms=NOW_MS + 10 * DAY_MS)


@TOPICS
@settings(deadline=None, max_examples=60)
@given(data=st.data(), chunk=CHUNKS, story=STORIES, customers=st.sampled_from([0, 1, UNLIMITED]))
def test_any_story_ends_in_the_tables_of_a_quiet_run(
    topic: str, data: st.DataObject, chunk: int, story: Story, customers: int
) -> None:
    log = logged(data.draw(st.lists(RECORDS[topic], max_size=30)))
    quiet = folded(log, chunk=chunk, topic=topic, measures=OLD)
    assert quiet == told(
        log, story, chunk=chunk, customers=customers, topic=topic, measures=OLD, limit=customers
    )


@TOPICS
@settings(deadline=None, max_examples=40)
@given(data=st.data())
def test_the_order_of_the_log_does_not_matter(topic: str, data: st.DataObject) -> None:
    records = data.draw(st.lists(RECORDS[topic], max_size=20, unique_by=_identity))
    shuffled = data.draw(st.permutations(records))
    one = folded(logged(records), chunk=8, topic=topic, measures=OLD)
    other = folded(logged(shuffled), chunk=8, topic=topic, measures=OLD)
    assert one.counts() == other.counts()


def _identity(record: dict[str, Any]) -> tuple[str, int]:
    return record.get("response_id") or record["event_id"], record.get("revision", 1)


@TOPICS
@settings(deadline=None, max_examples=40)
@given(data=st.data(), old=st.integers(0, 20), customers=st.sampled_from([0, UNLIMITED]))
def test_new_definitions_leave_nothing_of_the_old_ones_behind(
    topic: str, data: st.DataObject, old: int, customers: int
) -> None:
    """Who comes again under the new ones counts by them alone; who does not, by the old ones."""
    records = data.draw(st.lists(RECORDS[topic], max_size=24, unique_by=_identity))
    if topic == ANSWERS:  # no answer is about two customers here, so that these come apart
        records = [one | {"response_id": f"{_subject(one)}{one['response_id']}"} for one in records]
    log = logged(records)
    border = old // 4 * 4
    tables = folded(log[:border], chunk=4, topic=topic, measures=OLD)
    worker = Worker(
        tables,
        border,
        chunk=4,
        measures=NEW,
        definitions={1: OLD, 2: NEW},
        customer_limit=customers,
    )
    worker.take(log[border:])
    worker.flush()
    came_again = {
        _subject(record) for record in records[border:] if topic == ANSWERS or not record["is_test"]
    }
    stayed = [record for record in records[:border] if _subject(record) not in came_again]
    again = [record for record in records if _subject(record) in came_again]
    expected = _of_histories(folded(logged(stayed), chunk=4, topic=topic, measures=OLD))
    expected += _of_histories(folded(logged(again), chunk=4, topic=topic, measures=NEW))
    assert _of_histories(tables) == expected


VERSIONS = {1: OLD, 2: NEVER, 3: NEWEST}


@TOPICS
@settings(deadline=None, max_examples=60)
@given(
    data=st.data(),
    borders=st.tuples(st.integers(0, 6), st.integers(0, 6)),
    cuts=st.lists(st.integers(1, 24), max_size=6),
    customers=st.sampled_from([0, 1, UNLIMITED]),
)
def test_definitions_without_a_measure_of_customers_come_and_go(
    topic: str,
    data: st.DataObject,
    borders: tuple[int, int],
    cuts: list[int],
    customers: int,
) -> None:
    """Each customer counts by the definitions of the newest record, however the log was cut."""
    records = data.draw(st.lists(RECORDS[topic], max_size=24, unique_by=_identity))
    if topic == ANSWERS:  # no answer is about two customers here, so that these come apart
        records = [one | {"response_id": f"{_subject(one)}{one['response_id']}"} for one in records]
    log = logged(records)
    first, second = (4 * border for border in sorted(borders))
    tables = Tables(folded([], chunk=4, topic=topic).kind)
    for version, (begin, end) in enumerate(((0, first), (first, second), (second, 99)), start=1):
        worker = Worker(
            tables,
            begin,
            chunk=4,
            measures=VERSIONS[version],
            definitions=VERSIONS,
            customer_limit=customers,
        )
        stops = sorted({end, *(cut for cut in cuts if begin < cut < end)})
        for start, stop in pairwise((begin, *stops)):
            worker.take(log[start:stop])
            worker.flush()
    last = {}
    for offset, record in enumerate(records):
        if topic == ANSWERS or not record["is_test"]:
            last[_subject(record)] = 1 + (offset >= first) + (offset >= second)
    expected: Counter[Cell] = Counter()
    for version, definitions in VERSIONS.items():
        own = [record for record in records if last.get(_subject(record)) == version]
        expected += _of_histories(folded(logged(own), chunk=4, topic=topic, measures=definitions))
    assert _of_histories(tables) == expected


def test_a_chunk_of_two_definitions_counts_like_its_records_one_by_one() -> None:
    """The definitions of the second chunk count no customer, those before and after do."""
    answered = [
        record_for(
            ANSWERS,
            response_id=f"r{n}",
            value_number=float(score),
            responded_at=NOW_MS + n * DAY_MS,
        )
        for n, score in enumerate((9, 3, 5, 7))
    ]
    log = logged([one | {"customer_id": "c1"} for one in answered])
    none = measures(1, ("channel",))
    found = []
    for pieces in ([log[1:]], [[one] for one in log[1:]]):
        tables = folded(log[:1], chunk=2, measures=none)
        worker = Worker(tables, 0, chunk=2, measures=NEWEST, definitions={1: none})
        worker.take(log[:1])
        for piece in pieces:
            worker.take(piece)
            worker.flush()
        found.append(_buckets(tables, "once"))
    assert found == [{9: 1, 3: 1, 5: 1, 7: 1}] * 2


def _subject(record: dict[str, Any]) -> str:
    own = record.get("conversation_id") or record.get("response_id")
    return record["customer_id"] or f"nobody:{own}"


def _of_histories(tables: Tables) -> Counter[Cell]:
    return Counter({cell: n for cell, n in tables.counts().items() if cell.measure != "nps"})


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["in order", "reversed"])
@pytest.mark.parametrize("who", [None, "c2"], ids=["nobody", "another"])
def test_an_answer_deleted_under_another_name_counts_for_nobody(
    order: tuple[int, int], who: str | None
) -> None:
    records = [
        record_for(ANSWERS, customer_id="c1"),
        record_for(ANSWERS, customer_id=who, revision=2, op="DELETE"),
    ]
    log = logged([records[n] for n in order])
    for chunk in (1, 4):  # apart and together
        assert _buckets(folded(log, chunk=chunk, measures=OLD), "once") == {}


def test_an_answer_counts_for_the_customer_its_newest_revision_names() -> None:
    records = [
        record_for(ANSWERS, customer_id=None, anonymous_id="a1", value_number=3.0),
        record_for(ANSWERS, customer_id="c1", revision=2, value_number=4.0),
        record_for(ANSWERS, customer_id="c1", response_id="r2", responded_at=NOW_MS + 5),
    ]
    assert _buckets(folded(logged(records), chunk=4, measures=OLD), "once") == {9: 1}


def test_a_repeat_contact_is_found_after_a_restart() -> None:
    """The first conversation is known from the raw rows alone."""
    solved = [
        record_for(INTERACTIONS, customer_id="c1", event_id="a", event_time=NOW_MS),
        record_for(
            INTERACTIONS, customer_id="c1", event_id="b", type="SOLVED", event_time=NOW_MS + 5
        ),
    ]
    again = record_for(
        INTERACTIONS,
        customer_id="c1",
        event_id="c",
        conversation_id="k2",
        event_time=NOW_MS + DAY_MS,
    )
    log = logged([*solved, *solved, again])
    tables = folded(log[:4], chunk=4, topic=INTERACTIONS, measures=OLD)
    assert _buckets(tables, "m.fcr.no_repeat.7d") == {1: 1}
    worker = Worker(tables, 4, chunk=4, measures=OLD)
    worker.take(log[4:])
    worker.flush()
    assert _buckets(tables, "m.fcr.no_repeat.7d") == {0: 1}
    assert tables.conversations["desk", "k1"].version == 4
    assert tables.conversations["desk", "k2"].conversation.state == "waiting"


def test_a_contact_that_is_told_of_late_revises_what_was_final() -> None:
    first = [
        record_for(INTERACTIONS, customer_id="c1", event_id="a", event_time=NOW_MS),
        record_for(INTERACTIONS, customer_id="c1", event_id="b", type="SOLVED", event_time=NOW_MS),
    ]
    again = record_for(
        INTERACTIONS,
        customer_id="c1",
        event_id="c",
        conversation_id="k2",
        event_time=NOW_MS + DAY_MS,
    )
    known_ms = {"in time": NOW_MS + 2 * DAY_MS, "late": NOW_MS + 10 * DAY_MS}
    found = {}
    for when, timestamp_ms in known_ms.items():
        log = [Decoded(n, timestamp_ms, record) for n, record in enumerate([*first, again])]
        found[when] = folded(log, chunk=4, topic=INTERACTIONS, measures=OLD).revisions
    assert found["in time"] == set()
    (row,) = found["late"]
    fact = row.overtaken.fact
    # Ten days later the 7 days were over, the 14 were not.
    assert (fact.name, fact.value, row.overtaken.became) == ("fcr.no_repeat.7d", 1, 0)
    assert (row.overtaken.conversation, row.offset) == (("desk", "k1"), 2)


def test_a_late_record_that_moves_a_final_fact_to_another_group_leaves_its_value() -> None:
    told = [
        record_for(INTERACTIONS, event_id="a", event_time=NOW_MS, channel="UNKNOWN"),
        record_for(
            INTERACTIONS, event_id="b", type="SOLVED", event_time=NOW_MS + 1000, channel="UNKNOWN"
        ),
        record_for(
            INTERACTIONS, event_id="c", type="NOTE", event_time=NOW_MS + 500, channel="PHONE"
        ),
    ]
    (row,) = folded(logged(told), chunk=4, topic=INTERACTIONS, measures=OLD).revisions
    assert row.overtaken.fact.name == "fcr.no_repeat.7d"
    assert (row.overtaken.fact.value, row.overtaken.became) == (1, 1)


def test_a_solution_that_was_earlier_than_told_leaves_no_final_fact_where_it_was() -> None:
    told = [
        record_for(INTERACTIONS, event_id="a", event_time=NOW_MS),
        record_for(INTERACTIONS, event_id="b", type="SOLVED", event_time=NOW_MS + 1000),
        record_for(INTERACTIONS, event_id="c", type="SOLVED", event_time=NOW_MS + 500),
    ]
    (row,) = folded(logged(told), chunk=4, topic=INTERACTIONS, measures=OLD).revisions
    assert (row.overtaken.fact.time_ms, row.overtaken.became) == (NOW_MS + 1000, None)


def test_nothing_is_looked_up_while_all_is_known() -> None:
    log = logged([record_for(INTERACTIONS, event_id=f"e{n}", customer_id="c1") for n in range(8)])
    tables = Tables(worker_kind := folded([], chunk=4, topic=INTERACTIONS).kind)
    worker = Worker(tables, 0, chunk=4, measures=OLD)
    assert worker_kind.topic == INTERACTIONS
    assert worker.fold.missing_customers(log) == set()
    worker.take(log)
    worker.flush()
    fresh = Worker(tables, 8, chunk=4, measures=OLD)
    assert fresh.fold.missing_customers(log) == {"c:c1"}


def _buckets(tables: Tables, measure: str) -> dict[int, int]:
    found: Counter[int] = Counter()
    for cell, n in tables.counts().items():
        if cell.measure == measure:
            found[cell.bucket] += n
    return {bucket: n for bucket, n in found.items() if n}
