"""Whatever customers do, the records found again are exactly those that were counted."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from deploy.local.clickhouse import ClickHouseAccess
from schemas.definitions import parse_measures
from sinks.clickhouse import ClickHouse
from streams.explaining import explain, query_of
from streams.reading import Window, histograms, scores
from streams.scores import Thresholds
from tests.builders import ANSWERS, answer, interaction, invitation
from tests.databases import empty_database, make_tables
from tests.explaining.conftest import write
from tests.explaining.day import SECRET, at
from tests.explaining.definitions import TEXT, of_fact

pytestmark = pytest.mark.clickhouse

MORE = (
    of_fact("promise", "promise", '["channel"]', "Promises kept.")
    + of_fact(
        "worked",
        "next_reply.business",
        '["channel"]',
        "Business time to each next reply.",
        is_duration=True,
    )
    + """
[[sla]]
id = "hours"
next_reply = "4h"
resolution = "12h"
calendar = "office"
"""
)

OLD = parse_measures(TEXT + MORE)
NEW = parse_measures(
    (TEXT + MORE)
    .replace("version = 1", "version = 2")
    .replace('first_reply = "1h"', 'first_reply = "2h"')
    .replace('look = "2h"', 'look = "3h"')
    .replace('min_gap = "7d"', 'min_gap = "1d"')
    .replace('["touchpoint", "channel"]', '["channel", "attributes.tier"]')
)

TYPES = [
    "CREATED", "CUSTOMER_MESSAGE", "CUSTOMER_MESSAGE", "AGENT_MESSAGE", "AGENT_MESSAGE", "SOLVED",
    "REOPENED", "BOT_MESSAGE", "BOT_HANDOFF", "PENDING", "SLA_APPLIED", "PROMISE_MADE", "PROMISE_KEPT",
]  # fmt: skip


def _who(rng: random.Random) -> dict[str, Any]:
    # A conversation may begin before its customer is known.
    return rng.choice(
        [
            {"customer_id": f"{SECRET}-1", "anonymous_id": None},
            {"customer_id": f"{SECRET}-2", "anonymous_id": None},
            {"customer_id": None, "anonymous_id": f"{SECRET}-3"},
            {"customer_id": f"{SECRET}-{rng.randrange(4, 40)}", "anonymous_id": None},
            {"customer_id": None, "anonymous_id": None},
        ]
    )


def _common(rng: random.Random) -> dict[str, Any]:
    tier = rng.choice([[], [{"name": "tier", "value": "gold"}]])
    return {
        **_who(rng),
        "touchpoint": rng.choice(["care", "shop"]),
        "channel": rng.choice(["EMAIL", "CHAT", "UNKNOWN"]),
        "attributes": tier,
        "is_test": rng.random() < 0.1,
    }


def _interaction(rng: random.Random) -> dict[str, Any]:
    kind = rng.choice(TYPES)
    actor = {"BOT": "BOT", "AGEN": "AGENT", "CUST": "CUSTOMER"}.get(kind[:4].rstrip("_"), "AGENT")
    return interaction(
        event_id=f"e{rng.randrange(400)}", type=kind, actor=actor, public=True,
        conversation_id=f"k{rng.randrange(5)}", event_time=at(rng.randrange(0, 96 * 4) / 4),
        due_at=at(rng.randrange(0, 120)) if kind in ("SLA_APPLIED", "PROMISE_MADE") else None,
        sla_policy_id="applied", sla_metric="resolution",
        journey=rng.choice([None, "buying"]), journey_stage=rng.choice(["look", "pay"]), **_common(rng),
    )  # fmt: skip


def _answer(rng: random.Random) -> dict[str, Any]:
    csat = {"metric": "CSAT", "scale_min": 1, "scale_max": 5, "value_number": rng.randint(1, 5)}
    return answer(
        event_id=f"e{rng.random()}", response_id=f"r{rng.randrange(15)}",
        revision=rng.randint(1, 3), responded_at=at(rng.randrange(0, 48)),
        op=rng.choice(["CREATE", "UPDATE", "UPDATE", "DELETE"]), dismissed=rng.random() < 0.1,
        completed=rng.random() < 0.7,
        **({"value_number": rng.randint(0, 10)} | rng.choice([{}, {}, csat])), **_common(rng),
    )  # fmt: skip


def _invitation(rng: random.Random) -> dict[str, Any]:
    return invitation(
        event_id=f"e{rng.randrange(400)}", invitation_id=f"n{rng.randrange(8)}",
        status=rng.choice(["SENT", "SENT", "DELIVERED", "OPENED", "ANSWERED", "BOUNCED"]),
        event_time=at(rng.randrange(0, 96)), **_common(rng),
    )  # fmt: skip


@pytest.fixture(scope="module")
def lived(clickhouse: ClickHouseAccess) -> Iterator[ClickHouse]:
    """Yield a database with some days of customers at random, under two versions of definitions."""
    with empty_database(clickhouse) as connection:
        make_tables(connection)
        rng = random.Random(20)
        for topic, make, count in (
            (ANSWERS, _answer, 60),
            ("feedback.interactions", _interaction, 160),
            ("feedback.invitations", _invitation, 40),
        ):
            for partition in range(2):
                records = [make(rng) for _ in range(count)]
                write(connection, topic, records, partition=partition, measures=OLD, later=NEW)
        yield connection


# On Monday the 19th only targets are due: its office hours are the first of all.
WINDOWS = ["2018-03", "2018-03-14", "2018-03-15T09:00/7h", "2018-03-19T10:00/6h"]


@pytest.mark.parametrize("name", [measure.name for measure in NEW.measures])
def test_every_number_is_made_of_what_is_found(lived: ClickHouse, name: str) -> None:
    now, thresholds = datetime.now(UTC), Thresholds()
    measure = NEW.by_name(name)
    assert measure is not None
    seen = 0
    for window in WINDOWS:
        whole = query_of(f"{name} {window}")
        by = measure.dimensions[:1]
        values = [group[0] for _, group in histograms(lived, by=by, window=Window(), only=[name])]
        parts = [replace(whole, where={by[0]: value}) for value in values]
        for query in [whole, *parts] if window == WINDOWS[0] else [whole]:
            told = explain(
                lived, NEW, thresholds, query, now=now, limit=5, sleep=lambda _seconds: None
            )
            assert told.adds_up, str(query)
            assert len(told.gathered.made) == min(5, told.gathered.count)
            seen += told.gathered.count
    assert seen


def test_both_versions_counted_something(lived: ClickHouse) -> None:
    told = explain(
        lived,
        NEW,
        Thresholds(),
        query_of("nps.relational 2018-03"),
        now=datetime.now(UTC),
        limit=None,
    )
    assert [one.version for one in told.versions] == [1, 2]
    rows = scores(lived, NEW, Thresholds(), now=datetime.now(UTC), only=["nps.relational"])
    assert [row.result for row in rows] == [one.result for one in told.scores]
