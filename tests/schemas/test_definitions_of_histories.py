"""Reading calendars, policies, weights, journeys, contact rules and roll-ups."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.definitions import load_measures, parse_measures
from schemas.definitions.durations import LONGEST_MS, duration_ms
from schemas.effort import EffortWeights
from schemas.measures import HistoryRules
from streams.simulation.journeys import TOUCHPOINTS
from tests.schemas.definitions_text import problems

CALENDAR = """
[[calendar]]
name = "vienna"
time_zone = "Europe/Vienna"
hours = { mon = ["13:00-17:00", "08:00-12:00"], sun = ["22:00-24:00"] }
holidays = ["2026-12-25", 2027-01-01]
"""
JOURNEY = """
[[journey]]
name = "buying"
stages = ["browse", "buy"]
starts = ["browse"]
transitions = [["browse", "buy"]]
expected = { browse = "2d" }
ends_after = "90d"
"""


def rules(text: str) -> HistoryRules:
    return parse_measures(f"version = 1\n{text}").rules


def test_a_calendar_is_its_hours_in_order_and_its_holidays() -> None:
    found = rules(f'default_calendar = "vienna"\n{CALENDAR}')
    assert found.default_calendar == "vienna"
    calendar = found.calendars["vienna"]
    assert calendar.time_zone == "Europe/Vienna"
    assert calendar.hours == (((480, 720), (780, 1020)), (), (), (), (), (), ((1320, 1440),))
    assert calendar.holidays == {date(2026, 12, 25), date(2027, 1, 1)}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("Europe/Vienna", "Europe/Wien", "time_zone Europe/Wien is not in the IANA database"),
        ("Europe/Vienna", "../etc", "time_zone ../etc is not in the IANA database"),
        ("Europe/Vienna", "Europe", "time_zone Europe is not in the IANA database"),
        ('time_zone = "Europe/Vienna"', "", "calendar vienna: time_zone is missing"),
        ("08:00-12:00", "8-12", "calendar vienna: hours.mon: 8-12 is not a span such as 09:00-17:00"),
        ("08:00-12:00", "08:00-24:30", "hours.mon: 08:00-24:30 is not a span"),
        ("22:00-24:00", "24:00-24:00", "hours.sun: 24:00-24:00 is not a span"),
        ("08:00-12:00", "17:00-09:00", "hours.mon: 17:00-09:00 ends before it begins"),
        ("08:00-12:00", "08:00-13:30", "hours.mon: 08:00-13:30 and 13:00-17:00 overlap"),
        ('["22:00-24:00"]', '"22:00-24:00"', "hours.sun must be a list of texts"),
        ("sun =", "sunday =", "hours.sunday is none of mon, tue"),
        ("hours = {", "days = {", "days is not a key of a calendar"),
        ("2026-12-25", "25.12.2026", "holidays: 25.12.2026 is not a date such as 2026-12-25"),
        ("2027-01-01", "2027-01-01T00:00:00", "is not a date such as 2026-12-25"),
        ('mon = ["13:00-17:00", "08:00-12:00"], sun = ["22:00-24:00"]', "", "no time would ever pass"),
        ("[[calendar]]", "[calendar]", "calendar must be written as [[calendar]]"),
        ('name = "vienna"', "", "calendar number 1: name is missing"),
    ],
)  # fmt: skip
def test_a_wrong_calendar_is_refused(old: str, new: str, expected: str) -> None:
    assert old in CALENDAR
    assert expected in problems(f"version = 1\n{CALENDAR.replace(old, new, 1)}")


def test_a_name_is_used_once_among_its_kind() -> None:
    assert "calendar vienna: the name is used twice" in problems(f"version = 1\n{CALENDAR * 2}")
    assert "journey buying: the name is used twice" in problems(f"version = 1\n{JOURNEY * 2}")


def test_a_policy_has_targets_and_what_it_is_for() -> None:
    (policy,) = rules(
        CALENDAR + '[[sla]]\nid = "gold"\nfirst_reply = "1.5h"\nresolution = "2d"\n'
        'calendar = "vienna"\nmatch = { channel = ["EMAIL", "CHAT"], priority = ["high"] }\n'
    ).policies
    assert policy.targets_ms == {"first_reply": 5_400_000, "resolution": 172_800_000}
    assert policy.calendar == "vienna"
    assert policy.match == {"channel": {"EMAIL", "CHAT"}, "priority": {"high"}}


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("", "sla gold: needs a target: one of first_reply, next_reply, resolution"),
        ('first_reply = "1 hour"', "sla gold: first_reply must be a duration such as 90s"),
        ('first_reply = "0s"', "first_reply must be a duration"),
        ("first_reply = 60", "first_reply must be a duration"),
        ('first_reply = "1h"\ncalendar = "berlin"', "sla gold: calendar berlin is not declared"),
        ('first_reply = "1h"\nmatch = { color = ["red"] }', "match color is none of channel,"),
        ('first_reply = "1h"\nmatch = { channel = ["MAIL"] }', "match.channel MAIL is none of EMAIL,"),
        ('first_reply = "1h"\nmatch = { region = [] }', "match.region is missing"),
        ('first_reply = "1h"\nmatch = { region = "north" }', "match.region must be a list of texts"),
        ('first_repl = "1h"', "first_repl is not a key of an sla; did you mean first_reply?"),
    ],
)  # fmt: skip
def test_a_wrong_policy_is_refused(lines: str, expected: str) -> None:
    assert expected in problems(f'version = 1\n[[sla]]\nid = "gold"\n{lines}\n')


def test_a_policy_of_a_wrong_calendar_is_not_blamed_for_it() -> None:
    text = CALENDAR.replace("Europe/Vienna", "Europe/Wien")
    said = problems(
        f'version = 1\n{text}[[sla]]\nid = "x"\nresolution = "1d"\ncalendar = "vienna"\n'
    )
    assert "time_zone" in said
    assert "sla x" not in said


def test_weights_are_whole_numbers_from_0() -> None:
    assert rules("[effort]\nreopen = 3\ntransfer = 0\n").effort == EffortWeights(reopen=3)
    said = problems("version = 1\n[effort]\nreopen = -1\ntransfer = 1.5\nreplies = 2\n")
    assert "effort: reopen must be a whole number from 0" in said
    assert "effort: transfer must be a whole number from 0" in said
    assert "effort: replies is not a key of effort" in said


def test_a_journey_is_its_stages_and_the_ways_between_them() -> None:
    journey = rules(JOURNEY).journeys["buying"]
    assert journey.stages == ("browse", "buy")
    assert journey.starts == {"browse"}
    assert journey.transitions == {("browse", "buy")}
    assert journey.expected_ms == {"browse": 172_800_000}
    assert journey.ends_after_ms == 90 * 86_400_000


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('stages = ["browse", "buy"]', "stages = []", "journey buying: stages is missing"),
        ('starts = ["browse"]', 'starts = ["brows"]', "starts brows is none of browse, buy; did you mean"),
        ('starts = ["browse"]', "", "journey buying: starts is missing"),
        ('["browse", "buy"]]', '["browse", "pay"]]', "transitions pay is none of browse, buy"),
        ('["browse", "buy"]]', '["browse", "browse"]]', "transitions: browse leads to itself"),
        ('["browse", "buy"]]', '["browse"]]', "is not a pair such as"),
        ('["browse", "buy"]]', '["browse", "buy"], ["browse", "buy"]]', "browse to buy is there twice"),
        ('browse = "2d"', 'pay = "2d"', "expected pay is none of browse, buy"),
        ('browse = "2d"', 'browse = "2w"', "expected.browse must be a duration"),
        ('browse = "2d"', 'buy = "2d"', "expected.buy: no transition leaves buy"),
        ('browse = "2d"', 'browse = "91d"', "expected.browse is longer than ends_after"),
        ('ends_after = "90d"', "", "journey buying: ends_after is missing"),
        ("expected =", "expects =", "expects is not a key of a journey; did you mean expected?"),
    ],
)  # fmt: skip
def test_a_wrong_journey_is_refused(old: str, new: str, expected: str) -> None:
    assert old in JOURNEY
    assert expected in problems(f"version = 1\n{JOURNEY.replace(old, new, 1)}")


def test_contact_rules() -> None:
    first, second = rules(
        '[[contact_rule]]\nname = "few"\nmax = 2\nper = "30d"\nsurvey_kinds = ["RELATIONSHIP"]\n'
        '[[contact_rule]]\nname = "apart"\nmin_gap = "12h"\nchannels = ["SMS"]\n'
    ).contact_rules
    assert (first.most, first.per_ms, first.min_gap_ms) == (2, 30 * 86_400_000, None)
    assert first.survey_kinds == {"RELATIONSHIP"}
    assert (second.most, second.per_ms, second.min_gap_ms) == (None, None, 43_200_000)
    assert second.channels == {"SMS"}


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("", "contact rule few: needs max and per, or min_gap"),
        ("max = 2", "contact rule few: max and per go together"),
        ('per = "30d"', "contact rule few: max and per go together"),
        ('max = 0\nper = "1d"', "max must be a whole number from 1"),
        ('min_gap = "1d"\nsurvey_kinds = ["NPS"]', "survey_kinds NPS is none of RELATIONSHIP,"),
        ('min_gap = "1d"\nchannels = ["POST"]', "channels POST is none of EMAIL,"),
        ('min_gap = "1d"\ngap = 1', "gap is not a key of a contact rule"),
    ],
)
def test_a_wrong_contact_rule_is_refused(lines: str, expected: str) -> None:
    assert expected in problems(f'version = 1\n[[contact_rule]]\nname = "few"\n{lines}\n')


def test_participation_assumes_nothing_unless_told() -> None:
    assert not rules("").assume_delivered
    assert rules("[participation]\nassume_delivered = true\n").assume_delivered
    said = problems("version = 1\n[participation]\nassume_deliverd = true\n")
    assert "participation: assume_deliverd is not a key" in said


def test_everything_together_is_always_a_rollup() -> None:
    assert rules("").rollups == ((),)
    shipped = load_measures().rules.rollups
    assert shipped[0] == ()
    assert ("touchpoint", "channel") in shipped
    assert len(set(shipped)) == len(shipped)


@pytest.mark.parametrize(
    ("dimensions", "expected"),
    [
        ('["shoe_size"]', "rollup number 2: dimension shoe_size is none of survey_id,"),
        ('["regoin"]', "did you mean region?"),
        ('["region", "region"]', "rollup number 2: dimensions: region is there twice"),
        ('["touchpoint", "region"]', "rollup number 2: touchpoint, region is there twice"),
        ('["contact_rule", "team_id"]', "no measure has contact_rule, team_id together"),
        ('["attributes.plan"]', "no measure has attributes.plan together"),
        ('"region"', "dimensions must be a list of texts"),
    ],
)
def test_a_wrong_rollup_is_refused(dimensions: str, expected: str) -> None:
    shipped = load_measures().text.partition("[[rollup]]")[0]
    first = '[[rollup]]\ndimensions = ["region", "touchpoint"]\n'
    calendar = CALENDAR.replace("vienna", "support")
    text = f"{shipped}{first}[[rollup]]\ndimensions = {dimensions}\n{calendar}"
    assert expected in problems(text)


def test_a_rollup_without_dimensions_says_so() -> None:
    assert "rollup number 1: dimensions is missing" in problems("version = 1\n[[rollup]]\n")


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10**7), st.sampled_from(["s", "m", "h", "d"]))
def test_a_duration_is_its_number_times_its_unit(number: int, unit: str) -> None:
    seconds = number * {"s": 1, "m": 60, "h": 3600, "d": 86_400}[unit]
    expected = 1000 * seconds if 0 < 1000 * seconds <= LONGEST_MS else None
    assert duration_ms(f"{number}{unit}") == expected
    assert duration_ms(f"{number}.000{unit}") == expected


@pytest.mark.parametrize("text", ["", "h", "-1h", "1", "1 h", "1H", "1h30m", "٣h", "1e3s", 5, None])
def test_anything_else_is_no_duration(text: object) -> None:
    assert duration_ms(text) is None


def test_the_shipped_rules_have_every_sign_of_effort_and_a_calendar() -> None:
    shipped = load_measures().rules
    assert shipped.default_calendar == "support"
    assert shipped.calendars["support"].hours == (*[((540, 1020),)] * 5, (), ())
    assert [policy.id for policy in shipped.policies] == ["standard"]
    assert all(getattr(shipped.effort, name) > 0 for name in EffortWeights.__slots__)
    assert not shipped.assume_delivered


def test_simulated_customers_walk_on_a_shipped_map() -> None:
    journeys = load_measures().rules.journeys
    for place in TOUCHPOINTS.values():
        assert place.stage in journeys[place.journey].stages
        assert place.stage in journeys[place.journey].starts
