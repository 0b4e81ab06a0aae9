"""Definitions of the tests: one measure of every kind there is."""

from __future__ import annotations

from schemas.definitions import parse_measures

_ANSWERS = '["touchpoint", "channel", "attributes.tier"]'
_FACTS = '["touchpoint", "channel"]'

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
name = "first_reply"
doc = "Time to the first reply."
source = "https://example.com/reply"
fact = "first_reply.created.calendar"
scale = "duration"
higher_is_better = false
dimensions = {_FACTS}
score = "time"

[[measure]]
name = "no_repeat"
doc = "No repeat contact in a week."
source = "https://example.com/fcr"
fact = "fcr.no_repeat.7d"
scale = [0, 1]
dimensions = {_FACTS}
score = "flag"

[[measure]]
name = "sla"
doc = "Targets met."
source = "https://example.com/sla"
fact = "sla"
scale = [0, 1]
dimensions = ["sla_policy", "sla_metric"]
score = "flag"

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

[[measure]]
name = "contact"
doc = "Contact rules broken."
source = "https://example.com/contact"
fact = "contact"
scale = [0, 1]
dimensions = ["contact_rule"]
score = "flag"

[[measure]]
name = "on_map"
doc = "Steps on the map."
source = "https://example.com/map"
fact = "journey.on_map"
scale = [0, 1]
dimensions = ["journey", "journey_stage"]
score = "flag"

[[measure]]
name = "stage_time"
doc = "Time in a stage."
source = "https://example.com/map"
fact = "journey.stage_time"
scale = "duration"
higher_is_better = false
dimensions = ["journey", "journey_stage"]
score = "time"

[[measure]]
name = "in_time"
doc = "Stages left in time."
source = "https://example.com/map"
fact = "journey.in_time"
scale = [0, 1]
dimensions = ["journey", "journey_stage"]
score = "flag"

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
