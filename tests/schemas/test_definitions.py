"""Reading definitions: what is wrong is said at once, with the place it stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from schemas.definitions import load_measures, parse_measures
from schemas.errors import ConfigError
from tests.schemas.definitions_text import problems


def measure(*lines: str, score: str = "", drop: tuple[str, ...] = ()) -> str:
    """Return a file with one measure that has these lines besides the usual ones, or instead."""
    usual = {
        "name": '"m"', "topic": '"feedback.responses"', "doc": '"d"', "source": '"s"',
        "metric": '"CSAT"', "scale": "[1, 5]",
    }  # fmt: skip
    given = dict(line.split(" = ", 1) for line in lines)
    keys = {key: value for key, value in {**usual, **given}.items() if key not in drop}
    body = "\n".join(f"{key} = {value}" for key, value in keys.items())
    score = score or 'name = "x"\nkind = "share"\nunit = "%"\ntop = [4, 5]'
    return f"version = 1\n[[measure]]\n{body}\n[[measure.score]]\n{score}\n"


def of_fact(fact: str, scale: str, *lines: str, score: str) -> str:
    taken = (
        ("metric", "topic") if not any(line.startswith("topic") for line in lines) else ("metric",)
    )
    return measure(f'fact = "{fact}"', f"scale = {scale}", *lines, score=score, drop=taken)


MEDIAN = 'name = "median"\nkind = "quantile"\nunit = "s"\nq = 0.5'
SHARE = 'name = "share"\nkind = "share"\nunit = "%"\ntop = [1, 1]'


def test_every_problem_is_said_at_once() -> None:
    text = """
    version = 0
    default_calendar = "night"
    clor = "red"
    [[calendar]]
    name = "support"
    time_zone = "Europe/Vienna"
    hours = { mon = ["17:00-09:00"] }
    [[sla]]
    id = "fast"
    first_reply = "soon"
    [[measure]]
    name = "one"
    topic = "feedback.responses"
    doc = "d"
    metric = "CSAT"
    scale = [5, 1]
    dimensions = ["shoe_size"]
    colour = "red"
    [[measure.score]]
    name = "x"
    kind = "shares"
    unit = "%"
    [[measure]]
    name = "two"
    topic = "feedback.responses"
    doc = "d"
    source = "s"
    scale = [1, 5]
    [[measure.score]]
    name = "net"
    kind = "net"
    top = [3, 6]
    bottom = [1, 3]
    """
    with pytest.raises(ConfigError) as caught:
        parse_measures(text, name="mine.toml")
    message = str(caught.value)
    for expected in (
        "mine.toml is wrong",
        "version:",
        "  default_calendar night is not declared",
        "  clor is not a key of the file",
        "calendar support: hours.mon: 17:00-09:00 ends before it begins",
        "sla fast: first_reply must be a duration such as",
        "measure one: source is missing",
        "measure one: colour is not a key",
        "measure one: dimension shoe_size is none of",
        "measure one: scale must be",
        "measure one: score x: kind must be one of",
        "measure two: a measure with a scale needs a metric",
        "measure two: score net: unit is missing",
        "measure two: score net: the box [3, 6] is not inside the scale [1, 5]",
        "measure two: score net: top and bottom overlap",
    ):
        assert expected in message
    assert caught.value.exit_code == 3


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (measure(drop=("topic",)), "measure m: topic is missing"),
        (measure('topic = "feedback.scores"'), "topic feedback.scores is none of feedback.responses,"),
        (measure('topic = "feedback.followups"'), "a metric is only in feedback.responses"),
        (measure('metric = "CSAD"'), "metric CSAD is none of NPS, CSAT"),
        (measure('metric = "TEXT"'), "metric TEXT has no scores"),
        (measure(drop=("scale",)), "a measure with a metric needs a scale"),
        (measure('scale = "duration"'), "scale must be [lowest, highest]"),
        (measure("scale = [5, 5]"), "scale must be [lowest, highest]"),
        (measure("scale = [false, true]"), "scale must be [lowest, highest]"),
        (measure("scale = [0, 2000000]"), "scale must stay within -1000000 and 1000000"),
        (measure('types = ["NPS"]'), "types is only for a measure that counts records"),
        (measure('survey_kinds = ["YEARLY"]'), "survey_kinds YEARLY is none of RELATIONSHIP,"),
        (measure('once_per = "week"'), "once_per week is none of hour, day, month"),
        (measure('name = "effort"', 'once_per = "day"'), "once_per needs a name that is no fact's"),
        (measure('once_per = "day"'), "measure m: once_per needs a measure without it"),
        (measure("survey_versions = [1.5]"), "survey_versions must be a list of whole numbers"),
        (measure('completed_only = "yes"'), "completed_only must be true or false"),
        (measure('doc = ["d"]'), "doc must be a text"),
        (measure('dimensions = "answers"'), "dimensions answers is not in [dimensions]"),
        (measure('dimensions = ["sla_policy"]'), "dimension sla_policy is none of survey_id,"),
        (measure('dimensions = ["chanel"]'), "did you mean channel?"),
        (measure('dimensions = ["region", "region"]'), "dimensions: region is there twice"),
        (measure('dimensions = ["attributes."]'), "dimension attributes. is none of"),
        (measure('dimensions = ["attributes.a,b"]'), "dimension attributes.a,b is none of"),
        (measure(score='kind = "count"\nunit = "n"\nname = "c"'), "a count has no scale"),
        (measure(score=MEDIAN.replace("0.5", "1")), "score median: q must be between 0 and 1"),
        (measure(score=MEDIAN.replace("0.5", "1e-9")), "score median: q must be between 0 and 1"),
        (measure(score=MEDIAN.replace("0.5", "true")), "score median: q must be between 0 and 1"),
        (measure(score=MEDIAN.replace("q = 0.5", "")), "score median: q must be between 0 and 1"),
        (measure(score=MEDIAN + "\ntop = [4, 5]"), "score median: top is only for net and share"),
        (measure(score=SHARE + "\nq = 0.5"), "score share: q is only for quantile"),
        (measure(score=SHARE + "\nbase = [2, 5]"), "top [1, 1] is not inside base [2, 5]"),
        (measure(score=SHARE + "\nbase = [2, 9]"), "the box [2, 9] is not inside the scale [1, 5]"),
        (measure(score=SHARE + "\ntip = [2, 3]"), "tip is not a key of a score; did you mean top?"),
        (measure(score=f"{SHARE}\n[[measure.score]]\n{SHARE}"), "score share is there twice"),
        (of_fact("first_replay", "[0, 1]", score=SHARE), "fact first_replay is none of the facts"),
        (of_fact("reopened", "[0, 2]", score=SHARE), "scale must be [0, 1], as the values of reopened"),
        (of_fact("reopened", '"duration"', score=MEDIAN), "scale must be [0, 1]"),
        (of_fact("handle.talk", "[0, 1]", score=MEDIAN), 'scale must be "duration"'),
        (of_fact("handle.talk", '"duration"', score=SHARE), "durations have a mean and quantiles"),
        (
            of_fact("reopened", "[0, 1]", 'topic = "feedback.followups"', score=SHARE),
            "topic feedback.followups has no fact reopened; it is of feedback.interactions",
        ),
        (of_fact("reopened", "[0, 1]", 'once_per = "day"', score=SHARE), "once_per is only for"),
        (
            of_fact("reopened", "[0, 1]", 'dimensions = ["sla_policy"]', score=SHARE),
            "dimension sla_policy is none of touchpoint",
        ),
        (
            measure('fact = "reopened"', "scale = [0, 1]", score=SHARE),
            "takes answers (metric) or a fact, not both",
        ),
        (
            measure("higher_is_better = false", drop=("metric", "scale")),
            "higher_is_better is only for a measure with a scale",
        ),
        ("version = 1\nmeasure = 3\n", "measure must be written as [[measure]]"),
        ("version = 1\n[[measure]]\n", "measure number 1: name is missing"),
        (measure().partition("[[measure.score]]")[0], "measure m: score is missing"),
        (measure().partition("[[measure.score]]")[0] + 'score = "nps"', "score nps is not in [scores]"),
        (measure().partition("[[measure.score]]")[0] + "score = 5", "score must be written as"),
    ],
)  # fmt: skip
def test_a_wrong_measure_is_refused(text: str, expected: str) -> None:
    assert expected in problems(text)


@pytest.mark.parametrize(
    "text",
    [
        measure(),
        measure('dimensions = ["agent_id", "attributes.plan"]'),
        measure("completed_only = true", "survey_versions = [1, 2]"),
        measure(score=MEDIAN),
        measure(score=SHARE + "\nbase = [1, 4]"),
        of_fact("handle.talk", '"duration"', score=MEDIAN.replace("quantile", "mean").replace("q = 0.5", "")),
        of_fact("effort", "[0, 100]", 'topic = "feedback.interactions"', score=MEDIAN),
        of_fact("sla", "[0, 1]", 'dimensions = ["sla_policy", "attributes.plan"]', score=SHARE),
        of_fact("contact", "[0, 1]", 'dimensions = ["contact_rule"]', score=SHARE),
    ],
)  # fmt: skip
def test_a_good_measure_is_taken(text: str) -> None:
    (one,) = parse_measures(text).measures
    assert one.name == "m"
    assert one.topic


def test_lists_are_referred_to_by_name() -> None:
    text = """
    version = 3
    [dimensions]
    where = ["region", "attributes.plan"]
    [scores]
    box = [{ name = "top", kind = "share", unit = "%", top = [4, 5] }]
    [[measure]]
    name = "m"
    topic = "feedback.responses"
    doc = "d"
    source = "s"
    metric = "CSAT"
    scale = [1, 5]
    dimensions = "where"
    score = "box"
    """
    (one,) = parse_measures(text).measures
    assert one.dimensions == ("region", "attributes.plan")
    assert [(score.name, score.top) for score in one.scores] == [("top", (4, 5))]
    assert "did you mean where?" in problems(text.replace('= "where"', '= "wher"'))


def test_broken_toml_names_its_line() -> None:
    with pytest.raises(ConfigError, match="line 2"):
        parse_measures("version = 1\nversion = 2\n")


def test_a_missing_file_names_the_setting(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="EARSHOT_SCORES__MEASURES_FILE"):
        load_measures(tmp_path / "none.toml")


def test_a_file_of_another_encoding_is_said_to_be_one(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_bytes("version = 1 # für".encode("latin-1"))
    with pytest.raises(ConfigError, match=r"mine\.toml is not UTF-8"):
        load_measures(file)
