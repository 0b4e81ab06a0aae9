"""`earshot rejects` as it is used."""

from __future__ import annotations

import csv
import io
import json
import os

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from schemas.errors import SinkError
from streams.cli.hexdump import hex_dump
from streams.cli.rejects import rejects
from streams.fold.rejection import REASONS
from tests.rejects.conftest import SECRET

pytestmark = pytest.mark.clickhouse

WHERE = "feedback.responses/2/10"


@pytest.fixture
def app(settings_of_rejected: None) -> typer.Typer:
    app = typer.Typer()
    app.add_typer(rejects, name="rejects")
    app.command()(lambda: None)
    return app


def _run(app: typer.Typer, *args: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, ["rejects", *args])
    assert result.exit_code == code, result.output
    return result.output


def test_without_a_command_they_are_listed(app: typer.Typer) -> None:
    lines = _run(app).splitlines()
    assert lines[0].split() == [
        "topic", "partition", "offset", "time", "reason", "detail", "schema_id", "bytes", "replays",
    ]  # fmt: skip
    assert [line.split()[2] for line in lines[1:]] == ["7", "13", "12", "11", "10"]
    assert _run(app) == _run(app, "list")
    assert _run(app, "--reason", "empty") == _run(app, "list", "--reason", "empty")


def test_no_command_prints_what_a_record_holds(app: typer.Typer) -> None:
    printed = [_run(app), _run(app, "--json"), _run(app, "--csv"), _run(app, "show", WHERE)]
    printed += [_run(app, "--by", "reason"), _run(app, "show", WHERE, "--json")]
    for text in printed:
        assert SECRET.decode() not in text
        assert SECRET.hex() not in text


def test_json_and_csv_say_the_same(app: typer.Typer) -> None:
    rows = json.loads(_run(app, "--json", "--topic", "feedback.responses"))
    table = list(csv.DictReader(io.StringIO(_run(app, "--csv", "--topic", "feedback.responses"))))
    as_text = [{name: "" if v is None else str(v) for name, v in row.items()} for row in rows]
    assert as_text == table
    assert rows[-1]["time"] == "2026-01-31T12:00:00.000+00:00"


def test_a_limit_says_that_there_are_more(app: typer.Typer) -> None:
    result = CliRunner().invoke(app, ["rejects", "--limit", "2", "--json"])
    assert len(json.loads(result.stdout)) == 2
    assert "newest 2" in result.stderr
    assert CliRunner().invoke(app, ["rejects", "--limit", "5"]).stderr == ""


def test_reasons_are_counted(app: typer.Typer) -> None:
    counts = json.loads(_run(app, "--by", "reason", "--json"))
    assert {(row["reason"], row["topic"]): row["records"] for row in counts} == {
        ("bad_magic", "feedback.responses"): 1,
        ("bad_magic", "feedback.followups"): 1,
        ("empty", "feedback.responses"): 1,
        ("missing_score", "feedback.responses"): 1,
        ("tombstone", "feedback.responses"): 1,
    }


def test_none_is_said_in_words_and_as_an_empty_table(app: typer.Typer) -> None:
    assert _run(app, "--since", "2099-01-01") == "No rejected records.\n"
    assert json.loads(_run(app, "--since", "2099-01-01", "--json")) == []
    assert _run(app, "--since", "2099-01-01", "--csv").startswith("topic,partition,offset,")


def test_one_is_shown_with_its_cure(app: typer.Typer) -> None:
    text = _run(app, "show", WHERE)
    assert REASONS["missing_score"] in text
    assert "trace, tenant" in text
    assert "may hold personal data" in text
    fields = {line[:12].strip(): line[12:].strip() for line in text.splitlines()}
    assert fields["key bytes"] == str(len(SECRET))


def test_bytes_are_shown_only_when_asked_and_with_a_warning(app: typer.Typer) -> None:
    text = _run(app, "show", WHERE, "--bytes")
    assert "may hold personal data" in text
    assert "|.......customer-|" in text
    assert "header trace" in text
    (row,) = json.loads(_run(app, "show", WHERE, "--bytes", "--json"))
    assert bytes.fromhex(row["value"]).endswith(SECRET)
    assert bytes.fromhex(row["key"]) == SECRET
    assert bytes.fromhex(row["headers"][0][1]) == SECRET


def test_a_tombstone_is_null_and_an_empty_value_is_not(app: typer.Typer) -> None:
    assert "\nvalue\n  null\n" in _run(app, "show", "feedback.responses/2/11", "--bytes")
    assert "\nvalue\n  no bytes\n" in _run(app, "show", "feedback.responses/2/12", "--bytes")


@pytest.mark.parametrize(
    "args",
    [
        ("show", "feedback.responses/2"),
        ("show", "feedback.responses/2/99"),
        ("--topic", "feedback.rejects"),
        ("--reason", "because"),
        ("--since", "yesterday"),
        ("--limit", "0"),
        ("--json", "--csv"),
        ("drop",),
    ],
)
def test_wrong_usage_ends_with_2(app: typer.Typer, args: tuple[str, ...]) -> None:
    _run(app, *args, code=2)


def test_a_closed_port_is_one_message(app: typer.Typer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "EARSHOT_CLICKHOUSE__PORT", "1")
    result = CliRunner().invoke(app, ["rejects"])
    assert isinstance(result.exception, SinkError)
    assert result.exception.exit_code == 4
    assert result.output == ""


@given(st.binary(max_size=100))
def test_a_dump_holds_every_byte_in_order(content: bytes) -> None:
    lines = hex_dump(content).splitlines() if content else []
    assert bytes.fromhex(" ".join(line[12:60] for line in lines)) == content
    assert [int(line[2:10], 16) for line in lines] == list(range(0, len(content), 16))
