"""Whatever stands in a file: it is read, or refused in words. Never anything else."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.definitions import parse_measures
from schemas.errors import ConfigError

_WORDS = st.sampled_from(
    ["", "a", "mon", "UTC", "NPS", "CSAT", "effort", "net", "quantile", "1h", "09:00-17:00", "duration",
     "feedback.responses", "feedback.interactions", "region", "attributes.x", "day", "RELATIONSHIP"]
)  # fmt: skip
_PLAIN = st.one_of(_WORDS, st.integers(-2, 11), st.booleans(), st.floats(0, 2))
_KEYS = {
    "file": ["version", "default_calendar", "calendar", "sla", "effort", "participation", "journey",
             "contact_rule", "rollup", "measure", "dimensions", "scores"],
    "inner": ["name", "id", "time_zone", "hours", "holidays", "mon", "first_reply", "calendar", "match",
              "channel", "reopen", "assume_delivered", "stages", "starts", "transitions", "expected",
              "ends_after", "max", "per", "min_gap", "survey_kinds", "dimensions", "topic", "doc", "source",
              "metric", "fact", "scale", "score", "once_per", "survey_versions", "kind", "top", "base",
              "bottom", "q", "unit", "a"],
}  # fmt: skip


def _tables(values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(st.sampled_from(_KEYS["inner"]), values, max_size=6)


_VALUES = st.recursive(
    _PLAIN, lambda inner: st.one_of(st.lists(inner, max_size=3), _tables(inner)), max_leaves=12
)
_FILES = st.dictionaries(
    st.sampled_from(_KEYS["file"]),
    st.one_of(_VALUES, st.lists(_tables(_VALUES), min_size=1, max_size=2)),
    max_size=5,
)


def toml(value: Any) -> str:
    """Write a value as TOML, tables inline."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {toml(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value)


@settings(deadline=None, max_examples=150)
@given(_FILES)
def test_a_file_is_read_or_refused(data: dict[str, Any]) -> None:
    text = "\n".join(f"{key} = {toml(value)}" for key, value in data.items())
    try:
        measures = parse_measures(text)
    except ConfigError as error:
        assert "measures.toml is wrong:" in str(error)  # what was written is always TOML
        assert str(error).count("\n") >= 2
    else:
        assert measures.version == data["version"]
