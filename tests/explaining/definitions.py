"""Definitions of the tests: one measure of every kind there is."""

from __future__ import annotations

from schemas.definitions import parse_measures

_ANSWERS = '["touchpoint", "channel", "attributes.tier"]'
_FACTS = '["touchpoint", "channel"]'
_STAGES = '["journey", "journey_stage"]'


def of_fact(name: str, fact: str, dimensions: str, doc: str, *, is_duration: bool = False) -> str:
    """Return a measure of a fact: of times, less being better, or of yes (1) and no (0).

    `dimensions` is a list in TOML.
    """
    values = 'scale = "duration"\nhigher_is_better = false' if is_duration else "scale = [0, 1]"
    score = "time" if is_duration else "flag"
    return f"""
[[measure]]
name = "{name}"
doc = "{doc}"
source = "https://example.com/{name}"
fact = "{fact}"
{values}
dimensions = {dimensions}
score = "{score}"
"""


_OF_FACTS = "".join(
    (
        of_fact(
            "first_reply",
            "first_reply.created.calendar",
            _FACTS,
            "Time to the first reply.",
            is_duration=True,
        ),
        of_fact("no_repeat", "fcr.no_repeat.7d", _FACTS, "No repeat contact in a week."),
        of_fact("sla", "sla", '["sla_policy", "sla_metric"]', "Targets met."),
        of_fact("contact", "contact", '["contact_rule"]', "Contact rules broken."),
        of_fact("on_map", "journey.on_map", _STAGES, "Steps on the map."),
        of_fact("stage_time", "journey.stage_time", _STAGES, "Time in a stage.", is_duration=True),
        of_fact("in_time", "journey.in_time", _STAGES, "Stages left in time."),
    )
)

TEXT = f"""
version = 1
default_calendar = "office"

[scores]
nps = [{{ name = "nps", kind = "net", unit = "points", top = [9, 10], bottom = [0, 6], doc = "Net." }}]
csat = [
  {{ name = "top_box", kind = "share", unit = "%", top = [4, 5], doc = "Answers of 4 and 5." }},
  {{ name = "of_sure", kind = "share", unit = "%", top = [5, 5], base = [4, 5], doc = "Fives." }},
  {{ name = "mean", kind = "mean", unit = "points", doc = "Mean." }},
  {{ name = "median", kind = "quantile", unit = "points", q = 0.5, doc = "Median." }},
]
time = [
  {{ name = "median", kind = "quantile", unit = "s", q = 0.5, doc = "Median." }},
  {{ name = "mean", kind = "mean", unit = "s", doc = "Mean." }},
]
flag = [{{ name = "share", kind = "share", unit = "%", top = [1, 1], doc = "Share." }}]
count = [{{ name = "count", kind = "count", unit = "records", doc = "How many." }}]

[[measure]]
name = "nps.relational"
doc = "Likelihood to recommend."
source = "https://example.com/nps"
topic = "feedback.responses"
metric = "NPS"
survey_kinds = ["RELATIONSHIP"]
scale = [0, 10]
dimensions = {_ANSWERS}
score = "nps"

[[measure]]
name = "nps.customers"
doc = "Likelihood to recommend, each customer's latest answer of a day."
source = "https://example.com/nps"
topic = "feedback.responses"
metric = "NPS"
survey_kinds = ["RELATIONSHIP"]
scale = [0, 10]
once_per = "day"
dimensions = {_ANSWERS}
score = "nps"

[[measure]]
name = "csat.1-5"
doc = "Satisfaction."
source = "https://example.com/csat"
topic = "feedback.responses"
metric = "CSAT"
scale = [1, 5]
completed_only = true
dimensions = {_ANSWERS}
score = "csat"

[[measure]]
name = "messages"
doc = "Messages of customers."
source = "a count"
topic = "feedback.interactions"
types = ["CUSTOMER_MESSAGE"]
dimensions = {_FACTS}
score = "count"

[[measure]]
name = "participation"
doc = "How far invitations came."
source = "https://example.com/participation"
fact = "participation"
scale = [1, 6]
dimensions = ["channel"]
[[measure.score]]
name = "answered"
kind = "share"
unit = "%"
top = [5, 6]
doc = "Answered."

{_OF_FACTS}
[[sla]]
id = "standard"
first_reply = "1h"
resolution = "2d"

[[calendar]]
name = "office"
time_zone = "UTC"
hours = {{ mon = ["09:00-17:00"] }}

[[journey]]
name = "buying"
stages = ["look", "pay"]
starts = ["look"]
transitions = [["look", "pay"]]
expected = {{ look = "2h" }}
ends_after = "1d"

[[contact_rule]]
name = "a_week_apart"
min_gap = "7d"
"""

MEASURES = parse_measures(TEXT)
