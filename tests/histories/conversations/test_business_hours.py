"""The business clock: only the hours of the team count, also when the clocks change."""

from __future__ import annotations

from schemas.calendars import Calendar
from schemas.measures import HistoryRules
from tests.histories.conversations.telling import at, hours, minutes, tell

_NINE_TO_FIVE = ((9 * 60, 17 * 60),)
_ROUND_THE_CLOCK = ((0, 24 * 60),)

OFFICE = Calendar("office", "Europe/Berlin", (_NINE_TO_FIVE,) * 5 + ((), ()))
ALWAYS = Calendar("always", "Europe/Berlin", (_ROUND_THE_CLOCK,) * 7)

RULES = HistoryRules(
    calendars={"office": OFFICE, "always": ALWAYS},
    default_calendar="office",
)


def test_nights_and_weekends_do_not_count() -> None:
    told = tell(
        at("2026-03-06 15:00", "CREATED"),  # Friday 16:00 in Berlin
        at("2026-03-09 08:30", "AGENT_MESSAGE"),  # Monday 09:30
        at("2026-03-09 09:00", "SOLVED"),
        rules=RULES,
    )

    assert told.value("first_reply.created.business") == minutes(90)
    assert told.value("first_reply.created.calendar") == hours(65.5)
    assert told.value("full_resolution.business") == hours(2)
    assert told.value("requester_wait.business") == hours(2)


def test_over_the_weekend_the_clocks_go_forward() -> None:
    told = tell(
        at("2026-03-27 15:00", "CREATED"),  # Friday 16:00, an hour ahead of UTC
        at("2026-03-30 08:00", "AGENT_MESSAGE"),  # Monday 10:00, two hours ahead
        rules=RULES,
    )

    assert told.value("first_reply.created.business") == hours(2)


def test_over_the_weekend_the_clocks_go_back() -> None:
    told = tell(
        at("2026-10-23 14:00", "CREATED"),  # Friday 16:00, two hours ahead of UTC
        at("2026-10-26 09:00", "AGENT_MESSAGE"),  # Monday 10:00, an hour ahead
        rules=RULES,
    )

    assert told.value("first_reply.created.business") == hours(2)


def test_who_works_through_the_change_works_an_hour_less_or_more() -> None:
    spring = tell(
        at("2026-03-28 23:00", "CREATED", calendar_id="always"),  # Sunday 00:00
        at("2026-03-29 22:00", "AGENT_MESSAGE"),  # Monday 00:00
        rules=RULES,
    )
    autumn = tell(
        at("2026-10-24 22:00", "CREATED", calendar_id="always"),  # Sunday 00:00
        at("2026-10-25 23:00", "AGENT_MESSAGE"),  # Monday 00:00
        rules=RULES,
    )

    assert spring.value("first_reply.created.business") == hours(23)
    assert autumn.value("first_reply.created.business") == hours(25)


def test_bot_time_outside_of_hours_costs_no_business_time() -> None:
    told = tell(
        at("07:00", "CREATED"),  # 08:00 in Berlin
        at("07:30", "BOT_MESSAGE"),  # 08:30
        at("08:20", "BOT_HANDOFF"),  # 09:20
        at("08:50", "AGENT_MESSAGE"),  # 09:50
        at("09:00", "SOLVED"),
        rules=RULES,
    )

    assert told.value("first_reply.created.business") == minutes(50)
    assert told.value("first_reply.human.business") == minutes(30)
    assert told.value("bot_time.business") == minutes(20)
    assert told.value("bot_time.calendar") == minutes(50)


def test_the_last_calendar_named_is_that_of_the_whole_conversation() -> None:
    told = tell(
        at("05:00", "CREATED", calendar_id="office"),
        at("06:00", "AGENT_MESSAGE"),
        rules=RULES,
    )
    assert told.value("first_reply.created.business") == 0

    told.add(at("07:00", "NOTE", calendar_id="always"), RULES)
    assert told.value("first_reply.created.business") == hours(1)

    told.add(at("08:00", "NOTE", calendar_id="of somebody else"), RULES)
    assert told.value("first_reply.created.business") == 0  # the default: nobody knows this one


def test_without_a_calendar_there_is_no_business_time() -> None:
    rules = HistoryRules(calendars={"office": OFFICE})
    events = (at("09:00", "CREATED"), at("09:30", "AGENT_MESSAGE"), at("10:00", "SOLVED"))

    assert not [name for name in tell(*events, rules=rules).names() if "business" in name]

    named = tell(*events, at("11:00", "NOTE", calendar_id="office"), rules=rules)
    assert named.value("first_reply.created.business") == minutes(30)
