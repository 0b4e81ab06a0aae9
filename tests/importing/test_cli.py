"""The command: what a user sees, and how it ends."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner, Result

from streams.cli.import_ import import_
from streams.importing.progress import reporter
from streams.importing.tally import Tally
from tests.importing.conftest import ANSWERS, HEADER
from tests.importing.test_session import Broker

GOOD = HEADER + "".join(f"r{n},c{n},{n % 11},2025-01-02T03:04:05Z\n" for n in range(20))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)  # no earshot.toml of the machine
    (tmp_path / "map.toml").write_text(ANSWERS, encoding="utf-8")
    (tmp_path / "in.csv").write_text(GOOD, encoding="utf-8")
    return tmp_path


def earshot_import(*arguments: str) -> Result:
    app = typer.Typer()
    app.command()(import_)
    return CliRunner().invoke(app, [*arguments])


def test_a_dry_run_shows_events_and_writes_nothing(folder: Path) -> None:
    before = sorted(folder.iterdir())
    done = earshot_import("in.csv", "--mapping", "map.toml", "--dry-run", "--show", "2")
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    first = json.loads(lines[0])
    assert first["topic"] == "feedback.responses"
    assert first["key"] == "c0"
    assert first["event"]["responded_at"] == "2025-01-02T03:04:05.000Z"
    assert "device" not in first["event"]  # at its default
    assert sum(line.startswith("{") for line in lines) == 2
    assert "Would send    20 to feedback.responses" in lines
    assert "Refused       0 rows" in lines
    assert sorted(folder.iterdir()) == before


def test_a_dry_run_counts_refusals_by_reason_over_the_whole_file(folder: Path) -> None:
    bad = "r98,c,11,2025-01-02T03:04:05Z\n" * 2 + "r99,c,9,soon\n"
    (folder / "in.csv").write_text(GOOD + bad, encoding="utf-8")
    done = earshot_import("in.csv", "--mapping", "map.toml", "--dry-run", "--show", "0")
    assert done.exit_code == 5
    said = done.stdout
    assert "Refused       3 rows" in said
    assert "        2  score_out_of_range: The score lies outside its own scale." in said
    assert "  line 22: score_out_of_range: value_number lies outside 0 to 10" in said
    assert "  line 24: not_a_time: responded_at: the time is not iso" in said
    assert "soon" not in said
    assert not (folder / "in.bad.csv").exists()


NO_BROKER = """
import streams.producing
from streams.cli.main import main
streams.producing.CONNECT_S = 0.5
main()
"""


def test_without_a_broker_nothing_is_written_and_the_cure_is_told(folder: Path) -> None:
    before = sorted(folder.iterdir())
    # A process of its own: kafka-python leaves sockets of failed connections to the collector.
    done = subprocess.run(
        [sys.executable, "-c", NO_BROKER, "import", "in.csv", "--mapping", "map.toml"],
        env={**os.environ, "EARSHOT_KAFKA__BROKERS": "127.0.0.1:1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 4
    assert "No Kafka broker answered at 127.0.0.1:1 within 0.5 s" in done.stderr
    assert "EARSHOT_KAFKA__BROKERS" in done.stderr
    assert sorted(folder.iterdir()) == before


class Kafka(Broker):
    """A publisher that takes everything."""

    def __init__(self, *_arguments: object, **_options: object) -> None:
        super().__init__()

    def __enter__(self) -> Kafka:
        return self

    def __exit__(self, *_error: object) -> None:
        self.flush()

    def require_topic(self, topic: str) -> None:
        """Every topic is there."""


def test_a_second_run_says_how_many_were_sent_and_where_the_others_are(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.producing.Publisher", Kafka)
    (folder / "in.csv").write_text(GOOD + "r98,c,11,2025-01-02T03:04:05Z\n" * 7, encoding="utf-8")
    command = ("in.csv", "--mapping", "map.toml")
    assert earshot_import(*command).exit_code == 5
    again = earshot_import(*command)
    assert again.exit_code == 5
    assert "20 were sent, 7 refused: see in.bad.csv." in again.stdout
    assert "all 27" not in again.stdout

    (folder / "in.csv").write_text(GOOD, encoding="utf-8")
    assert earshot_import(*command).exit_code == 0
    assert "all 20 rows were imported before" in earshot_import(*command).stdout


def test_corrections_that_were_kept_aside_and_a_missing_revision_are_told(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.producing.Publisher", Kafka)
    (folder / "in.csv").write_text(GOOD + "r98,c\n", encoding="utf-8")
    command = ("in.csv", "--mapping", "map.toml")
    first = earshot_import(*command)
    assert "Kept" not in first.stdout
    assert "revision" not in first.stdout
    (folder / "in.bad.csv").write_text("corrected by hand\n", encoding="utf-8")
    (folder / "in.csv").write_text(GOOD, encoding="utf-8")
    second = earshot_import(*command)
    assert "it is in.bad.csv.1 now" in second.stdout
    assert "the file changed since it was imported" in second.stdout
    assert (folder / "in.bad.csv.1").read_text(encoding="utf-8") == "corrected by hand\n"


def test_the_bar_leaves_standard_output_alone(capsys: pytest.CaptureFixture[str]) -> None:
    terminal = io.StringIO()
    bar = reporter("auto", Console(file=terminal, force_terminal=True, width=100))
    try:
        bar(Tally(rows=50), 0.5)
        print("an event")
    finally:
        bar.close()
    assert capsys.readouterr().out == "an event\n"
    assert "50%" in terminal.getvalue()
    assert "50 rows" in terminal.getvalue()


def test_plain_progress_has_a_rate_and_a_time_left(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.importing.progress._PLAIN_S", 0.0)
    done = earshot_import("in.csv", "--mapping", "map.toml", "--dry-run", "--progress", "plain")
    assert "100%, 20 rows, " in done.stderr
    assert "rows/s" in done.stderr
    quiet = earshot_import("in.csv", "--mapping", "map.toml", "--dry-run", "--progress", "none")
    assert quiet.stderr == ""
