"""The file of refused rows: nothing is lost in it, and nothing broken gets in through it."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streams.importing.rows import open_rows
from streams.importing.session import Session
from tests.importing.conftest import ANSWERS, HEADER, Prepare
from tests.importing.test_session import Broker

GOOD = "r9,c9,9,2025-01-02T03:04:05Z"
BROKER = "broker:9092"


def imported(
    prepared: Prepare,
    folder: Path,
    text: str | bytes,
    name: str = "in.csv",
    mapping: str = ANSWERS,
    *,
    restart: bool = False,
) -> Session:
    """Import a file to its end."""
    plan = prepared(mapping, text, name=name)
    session = Session(plan, folder / name, BROKER, restart=restart)
    assert session.run(Broker(), lambda tally, share: None, lambda: False)
    return session


def table(path: Path, delimiter: str = ",") -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter=delimiter))


@pytest.mark.parametrize(
    "broken",
    ["1;x;k1;9;check;out;gut;x", "r1;c1", 'r1;"c;""1";9', 'r1;"a\nb";9;x;y', "r1;" + "x" * 140_000],
)
def test_a_broken_row_keeps_its_text_and_is_refused_until_it_is_corrected(
    prepared: Prepare, tmp_path: Path, broken: str
) -> None:
    mapping = f'[input]\ndelimiter = ";"\n{ANSWERS}'
    head = HEADER.replace(",", ";")
    imported(prepared, tmp_path, f"{head}{broken}\n{GOOD.replace(',', ';')}\n", mapping=mapping)
    old_limit = csv.field_size_limit(1 << 20)
    try:
        (row,) = table(tmp_path / "in.bad.csv", ";")
    finally:
        csv.field_size_limit(old_limit)
    assert row["_raw"] == broken
    assert (row["id"], row["customer"], row["score"], row["at"]) == ("", "", "", "")

    # Not corrected: refused again, and still whole.
    bad = (tmp_path / "in.bad.csv").read_text(encoding="utf-8")
    second = imported(prepared, tmp_path, bad, "in.bad.csv", mapping)
    assert (second.tally.events, dict(second.tally.refused)) == (0, {"broken_row": 1})
    if len(broken) < 1000:
        (again,) = table(tmp_path / "in.bad.bad.csv", ";")
        assert again["_raw"] == broken


@pytest.mark.parametrize(("raw", "sent"), [("r9,c9,9", 0), ("", 1)])
def test_filled_columns_count_only_once_raw_is_empty(
    prepared: Prepare, tmp_path: Path, raw: str, sent: int
) -> None:
    text = f'{HEADER[:-1]},_line,_reason,_detail,_raw\n{GOOD},7,broken_row,old,"{raw}"\n'
    session = imported(prepared, tmp_path, text, "in.bad.csv")
    assert session.tally.events == sent
    if not sent:
        (row,) = table(tmp_path / "in.bad.bad.csv")
        assert (row["id"], row["_raw"]) == ("r9", raw)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.lists(st.text('ab,"\n\r é', max_size=5), min_size=2, max_size=6), max_size=5))
def test_every_cell_of_a_refused_row_is_in_the_file(
    prepared: Prepare, tmp_path: Path, rows: list[list[str]]
) -> None:
    for left in tmp_path.iterdir():
        left.unlink()
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows(rows)
    imported(prepared, tmp_path, (HEADER + text.getvalue()).encode())
    if not rows:
        return
    found = []
    for row in table(tmp_path / "in.bad.csv"):
        cells = [row[name] for name in ("id", "customer", "score", "at")]
        raw = io.StringIO(row["_raw"], newline="")
        found.append(next(csv.reader(raw)) if row["_raw"] else cells)
    assert found == rows


def test_a_line_that_is_no_json_is_refused_until_raw_is_gone(
    prepared: Prepare, tmp_path: Path
) -> None:
    lines = b'nonsense\n{"id": "caf\xe9", "customer": "c", "score": 9, "at": "2025-01-02T03:04Z"}\n'
    imported(prepared, tmp_path, lines, "in.ndjson")
    bad = (tmp_path / "in.bad.ndjson").read_text(encoding="utf-8")
    first, second = map(json.loads, bad.splitlines())
    assert first["_raw"] == "nonsense"
    assert r'"caf\xe9"' in second["_raw"]  # every byte is there, none is a question mark
    # A lenient mapping would take such an object: everything it lacks has a default.
    lenient = ANSWERS.replace('= "at"', '= { column = "at", default = "2025-01-02T03:04:05Z" }')
    lenient = lenient.replace('= "id"', '= { column = "id", default = "r" }')
    lenient = lenient.replace('= "score"', '= { column = "score", default = 5 }')
    again = imported(prepared, tmp_path, bad, "in.bad.ndjson", lenient)
    assert (again.tally.events, dict(again.tally.refused)) == (0, {"broken_row": 2})
    fixed = json.dumps({**first, "_raw": ""}) + "\n"
    assert imported(prepared, tmp_path, fixed, "fixed.ndjson", lenient).tally.events == 1


BAD = f"{HEADER}r0,c0,99,2025-01-02T03:04:05Z\n"


@pytest.mark.parametrize("restart", [True, False])
def test_an_edited_file_is_kept_aside(prepared: Prepare, tmp_path: Path, *, restart: bool) -> None:
    imported(prepared, tmp_path, BAD)
    path = tmp_path / "in.bad.csv"
    edited = path.read_text(encoding="utf-8").replace(",99,", ",9,")
    path.write_text(edited, encoding="utf-8")
    session = imported(prepared, tmp_path, BAD if restart else BAD + GOOD + "\n", restart=restart)
    assert session.bad.kept_as == tmp_path / "in.bad.csv.1"
    assert (tmp_path / "in.bad.csv.1").read_text(encoding="utf-8") == edited
    assert table(path)[0]["score"] == "99"
    # The next one has a name of its own.
    path.write_text(edited, encoding="utf-8")
    assert imported(prepared, tmp_path, BAD, restart=True).bad.kept_as == tmp_path / "in.bad.csv.2"


def test_a_file_nobody_edited_is_replaced(prepared: Prepare, tmp_path: Path) -> None:
    imported(prepared, tmp_path, BAD)
    session = imported(prepared, tmp_path, BAD + GOOD + "\n")
    assert session.bad.kept_as is None
    assert len(table(tmp_path / "in.bad.csv")) == 1


def test_a_file_that_was_edited_while_the_import_stood_still_is_kept(
    prepared: Prepare, tmp_path: Path
) -> None:
    plan = prepared(ANSWERS, BAD + GOOD + "\n")
    file = tmp_path / "in.csv"
    stopped = Session(plan, file, BROKER)
    assert not stopped.run(Broker(), lambda tally, share: None, lambda: True)
    plan.rows.close()
    path = tmp_path / "in.bad.csv"
    path.write_text("mine\n", encoding="utf-8")
    plan.rows = open_rows(file, plan.mapping.input)
    session = Session(plan, file, BROKER)
    assert session.tally.rows == 1
    assert session.run(Broker(), lambda tally, share: None, lambda: False)
    assert session.bad.kept_as is not None
    assert session.bad.kept_as.read_text(encoding="utf-8") == "mine\n"


def test_changed_answers_without_a_revision_are_noticed(prepared: Prepare, tmp_path: Path) -> None:
    assert not imported(prepared, tmp_path, BAD).lacks_revision
    assert imported(prepared, tmp_path, BAD + GOOD + "\n").lacks_revision
    revised = ANSWERS + 'revision = "score"\n'
    assert not imported(prepared, tmp_path, BAD, mapping=revised).lacks_revision
