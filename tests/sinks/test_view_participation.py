"""Who was asked and who answered, from counts and from invitations."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from schemas.measures import Measure, Score
from sinks.clickhouse import ClickHouse
from streams.scores import Thresholds, benjamini_hochberg, difference
from tests.fold.model import MEASURES
from tests.sinks.viewing import define, insert, insert_counts, now_s, read

pytestmark = pytest.mark.clickhouse

STEPS = ("invited", "delivered", "opened", "started", "answered", "completed")
ANSWERED = Score("answered", "share", "%", "", top=(5, 6))


def participation() -> Measure:
    found = MEASURES.by_name("participation")
    assert found is not None
    return found


def test_who_came_to_a_step_came_to_all_before_it(migrated: ClickHouse) -> None:
    counts = {1: 4, 2: 3, 3: 2, 4: 1, 5: 5, 6: 10}
    now = now_s(migrated)
    insert_counts(migrated, participation(), now - 60, counts, survey_id="s", channel="SMS")
    insert_counts(migrated, participation(), now - 60, {1: 7}, survey_id="other")
    insert_counts(migrated, participation(), now + 120, {1: 50}, survey_id="s", channel="SMS")
    (row,) = read(migrated, "SELECT * FROM earshot.participation_funnel WHERE survey_id = 's'")
    assert [row[step] for step in STEPS] == [25, 21, 18, 16, 15, 10]
    assert row["status"] == "ok"


@pytest.mark.parametrize(
    ("counts", "shown", "status"),
    [
        ({1: 3, 6: 1}, [4, None, None, None, None, None], "suppressed"),
        ({1: 8, 2: 1, 6: 3}, [12, 4, None, None, None, None], "ok"),
        ({1: 8, 3: 6, 6: 4}, [18, 10, 10, 4, 4, None], "ok"),
        ({1: 8}, [8, 0, 0, 0, 0, 0], "ok"),
    ],
)
def test_what_few_did_is_not_shown(
    migrated: ClickHouse, counts: dict[int, int], shown: list[int | None], status: str
) -> None:
    define(migrated, MEASURES, n_privacy=5)
    insert_counts(migrated, participation(), now_s(migrated) - 60, counts, survey_id="s")
    (row,) = read(migrated, "SELECT * FROM earshot.participation_funnel")
    assert [row[step] for step in STEPS] == shown
    assert row["status"] == status


def bias(clickhouse: ClickHouse, dimension: str) -> dict[str, dict[str, Any]]:
    rows = read(
        clickhouse,
        f"SELECT * FROM earshot.participation_bias WHERE survey_id = 's' AND dimension = '{dimension}'",
    )
    return {row["segment"]: row for row in rows}


def test_a_made_up_bias_is_found_and_no_other(migrated: ClickHouse) -> None:
    define(migrated, MEASURES)
    month = now_s(migrated) - 60
    # By channel everybody answers alike; of touchpoints, one hardly answers and one has too few.
    answered = {"returns": (5, 100), "checkout": (40, 100), "delivery": (42, 100), "store": (0, 4)}
    for touchpoint, (yes, invited) in answered.items():
        for channel in ("SMS", "EMAIL"):
            insert_counts(
                migrated, participation(), month, {1: invited - yes, 5: yes},
                survey_id="s", touchpoint=touchpoint, channel=channel,
            )  # fmt: skip
    rows = bias(migrated, "touchpoint")
    # Twice as many, by the two channels.
    sides = {name: {1: 2 * (n - yes), 5: 2 * yes} for name, (yes, n) in answered.items()}
    whole = {bucket: sum(side[bucket] for side in sides.values()) for bucket in (1, 5)}
    wanted = {
        name: difference(
            ANSWERED, side, {b: whole[b] - side[b] for b in whole}, (1, 6), Thresholds()
        )
        for name, side in sides.items()
    }
    adjusted = dict(
        zip(wanted, benjamini_hochberg([found.p for found in wanted.values()]), strict=True)
    )
    for name, row in rows.items():
        found = wanted[name]
        assert row["response_rate"] == pytest.approx(100 * answered[name][0] / answered[name][1])
        assert row["difference"] == pytest.approx(found.value)
        assert row["difference_lower"] == pytest.approx(found.lower, rel=1e-9)
        assert row["z"] == pytest.approx(found.z, rel=1e-9)
        assert row["p"] == pytest.approx(found.p, rel=1e-9)
        assert row["q"] == pytest.approx(adjusted[name], rel=1e-9)
    assert rows["returns"]["biased"] is True
    # Surely different too, but of eight invitations.
    assert (rows["store"]["status"], rows["store"]["biased"]) == ("thin", False)
    by_channel = bias(migrated, "channel")
    assert {row["difference"] for row in by_channel.values()} == {0.0}
    assert {row["biased"] for row in by_channel.values()} == {False}
    # Everybody was asked in one survey: there is nobody to compare with.
    (alone,) = read(
        migrated, "SELECT * FROM earshot.participation_bias WHERE dimension = 'survey_id'"
    )
    assert alone["invited"] == 608
    assert alone["difference"] is alone["p"] is alone["q"] is alone["biased"] is None


def test_who_answered_of_a_few_is_not_shown(migrated: ClickHouse) -> None:
    define(migrated, MEASURES, n_privacy=5)
    for channel, counts in {"SMS": {1: 3, 5: 1}, "EMAIL": {1: 60, 5: 40}}.items():
        insert_counts(
            migrated, participation(), now_s(migrated) - 60, counts, survey_id="s", channel=channel
        )
    shown = ("invited", "answered", "others_invited", "others_answered", "status")
    rows = {name: [row[one] for one in shown] for name, row in bias(migrated, "channel").items()}
    assert rows == {
        "SMS": [4, None, 100, 40, "suppressed"], "EMAIL": [100, 40, 4, None, "suppressed"],
    }  # fmt: skip
    rates = [row["response_rate"] for row in bias(migrated, "channel").values()]
    assert rates == [None, None]


def invitation(clickhouse: ClickHouse, name: str, sent: datetime, **more: Any) -> None:
    insert(
        clickhouse,
        "invitations",
        {
            "event_id": f"{name}-{sent.isoformat()}", "source": "tool", "invitation_id": name,
            "status": "SENT", "customer_id": "k1", "event_time": sent, **more,
        },
    )  # fmt: skip


def test_contacts_of_a_customer(migrated: ClickHouse) -> None:
    now = datetime.fromtimestamp(now_s(migrated), UTC)
    invitation(migrated, "i1", now - timedelta(days=3))
    invitation(migrated, "i1", now - timedelta(hours=3))  # sent again: still one invitation
    invitation(migrated, "i2", now - timedelta(hours=5), anonymous_id="a9")
    invitation(migrated, "i3", now - timedelta(hours=1), is_test=True)
    invitation(migrated, "i4", now - timedelta(hours=1), status="SUPPRESSED")
    invitation(migrated, "i5", now - timedelta(days=400))
    invitation(migrated, "i6", now + timedelta(minutes=5))
    invitation(migrated, "i7", now - timedelta(days=20), customer_id="", anonymous_id="a9")
    insert(
        migrated, "interactions",
        {"event_id": "e1", "source": "desk", "conversation_id": "c", "type": "OUTREACH",
         "customer_id": "k1", "event_time": now - timedelta(days=90)},
        {"event_id": "e2", "source": "desk", "conversation_id": "c", "type": "AGENT_MESSAGE",
         "customer_id": "k1", "event_time": now - timedelta(days=1)},
    )  # fmt: skip
    rows = read(migrated, "SELECT * FROM earshot.contacts_per_customer ORDER BY customer_id")
    assert rows == [
        {
            "customer_id": "", "anonymous_id": "a9", "contacts_24h": 0, "contacts_7d": 0,
            "contacts_30d": 1, "contacts_365d": 1, "last_contact_at": now - timedelta(days=20),
        },
        {
            "customer_id": "k1", "anonymous_id": "", "contacts_24h": 1, "contacts_7d": 2,
            "contacts_30d": 2, "contacts_365d": 3, "last_contact_at": now - timedelta(hours=5),
        },
    ]  # fmt: skip


def test_breaches_of_contact_rules(migrated: ClickHouse) -> None:
    define(migrated, MEASURES)
    contact = MEASURES.by_name("contact")
    assert contact is not None
    insert_counts(migrated, contact, now_s(migrated) - 60, {0: 30, 1: 10}, contact_rule="weekly")
    (row,) = read(migrated, "SELECT * FROM earshot.contact_rule_breaches")
    assert (row["contact_rule"], row["contacts"], row["breaches"]) == ("weekly", 40, 10)
    assert (row["share"], row["status"]) == (25.0, "ok")
    assert row["lower"] < 25 < row["upper"]


def test_breaches_among_few_are_not_shown(migrated: ClickHouse) -> None:
    define(migrated, MEASURES, n_privacy=5)
    contact = MEASURES.by_name("contact")
    assert contact is not None
    for rule, counts in {"weekly": {0: 1, 1: 3}, "monthly": {0: 5}}.items():
        insert_counts(migrated, contact, now_s(migrated) - 60, counts, contact_rule=rule)
    rows = read(migrated, "SELECT * FROM earshot.contact_rule_breaches ORDER BY contact_rule")
    shown = ("contacts", "breaches", "share", "status")
    assert [[row[name] for name in shown] for row in rows] == [
        [5, 0, 0.0, "thin"], [4, None, None, "suppressed"],
    ]  # fmt: skip
