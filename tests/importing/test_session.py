"""An import that is interrupted goes on, whatever interrupted it."""

from __future__ import annotations

import itertools
import json
import os
import stat
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.errors import ConfigError, StreamError
from streams.importing.plan import Plan
from streams.importing.session import Session
from tests.importing.conftest import ANSWERS, HEADER, Prepare

ROWS = 400


class Broker:
    """What a Kafka keeps: what was flushed, for sure; after a crash, some of the rest."""

    def __init__(self, crash_after: int | None = None, keeps: int = 0) -> None:
        self.log: list[bytes] = []
        self._pending: list[bytes] = []
        self._crash_after = crash_after
        self._keeps = keeps

    def publish_raw(self, topic: str, value: bytes | None, key: bytes | None) -> None:
        if self._crash_after == 0:
            self.log += self._pending[: self._keeps]
            raise StreamError("The broker is gone.")
        if self._crash_after is not None:
            self._crash_after -= 1
        assert value is not None
        self._pending.append(value)

    def flush(self) -> None:
        self.log += self._pending
        self._pending = []


def content(rows: int = ROWS) -> str:
    # Every seventh row is refused.
    return HEADER + "".join(
        f"r{n},c{n % 9},{99 if n % 7 == 0 else n % 11},2025-01-02T03:04:05Z\n" for n in range(rows)
    )


def run(plan: Plan, file: Path, broker: Broker, stop_after: int | None = None) -> bool:
    checks = itertools.count(1)
    seconds = itertools.count()
    session = Session(plan, file, "broker:9092")
    try:
        return session.run(
            broker,
            lambda tally, share: None,
            lambda: next(checks) == stop_after,
            # Every look at the clock is a second, so there are checkpoints on the way.
            clock=lambda: float(next(seconds)),
        )
    finally:
        plan.rows.close()


def bad_lines(folder: Path) -> list[str]:
    return (folder / "in.bad.csv").read_text(encoding="utf-8").splitlines()


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(stops=st.lists(st.integers(1, ROWS), max_size=3))
def test_a_stopped_import_sends_every_event_exactly_once(
    prepared: Prepare, tmp_path: Path, stops: list[int]
) -> None:
    for name in ("in.csv.import.json", "in.bad.csv"):
        (tmp_path / name).unlink(missing_ok=True)
    whole = Broker()
    file = tmp_path / "in.csv"
    assert run(prepared(ANSWERS, content()), file, whole)
    refused = bad_lines(tmp_path)
    (tmp_path / "in.csv.import.json").unlink()

    broker = Broker()
    for stop in stops:
        # The file is not written again: that would make it another file.
        run(again(prepared, tmp_path), file, broker, stop_after=stop)
    session_done = Session(again(prepared, tmp_path), file, "broker:9092").already_done
    assert session_done or run(again(prepared, tmp_path), file, broker)
    assert broker.log == whole.log
    assert len(broker.log) == ROWS - len(range(0, ROWS, 7))
    assert bad_lines(tmp_path) == refused


def again(prepared: Prepare, folder: Path) -> Plan:
    status = (folder / "in.csv").stat()
    plan = prepared(ANSWERS, content())
    os.utime(folder / "in.csv", ns=(status.st_atime_ns, status.st_mtime_ns))
    return plan


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(crash_after=st.integers(0, ROWS), keeps=st.integers(0, ROWS))
def test_a_crash_loses_nothing_and_repeats_only_known_ids(
    prepared: Prepare, tmp_path: Path, crash_after: int, keeps: int
) -> None:
    for name in ("in.csv.import.json", "in.bad.csv"):
        (tmp_path / name).unlink(missing_ok=True)
    file = tmp_path / "in.csv"
    crashed = Broker(crash_after, keeps)
    first = prepared(ANSWERS, content())
    try:
        finished = run(first, file, crashed)
    except StreamError:
        finished = False
    assert finished is (crash_after >= ROWS - len(range(0, ROWS, 7)))
    if finished:
        return
    rest = Broker()
    assert run(again(prepared, tmp_path), file, rest)
    whole = Broker()
    file.with_name("in.csv.import.json").unlink()
    assert run(again(prepared, tmp_path), file, whole)
    # In order and complete; what is there twice is byte for byte the same event.
    assert set(crashed.log) | set(rest.log) == set(whole.log)
    assert rest.log == whole.log[len(whole.log) - len(rest.log) :]
    assert len(bad_lines(tmp_path)) == 1 + len(range(0, ROWS, 7))


def test_refused_rows_can_be_corrected_and_imported(prepared: Prepare, tmp_path: Path) -> None:
    text = HEADER + 'r0,"c,0",99,2025-01-02T03:04:05Z\nr1,c1\nr2,c2,10,2025-01-02T03:04:05Z\n'
    plan = prepared(ANSWERS, text)
    run(plan, tmp_path / "in.csv", Broker())
    path = tmp_path / "in.bad.csv"
    assert bad_lines(tmp_path) == [
        "id,customer,score,at,_line,_reason,_detail,_raw",
        'r0,"c,0",99,2025-01-02T03:04:05Z,2,score_out_of_range,value_number lies outside 0 to 10,',
        ',,,,3,broken_row,2 columns where the header has 4,"r1,c1"',
    ]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    broker = Broker()
    corrected = path.read_text(encoding="utf-8").replace(",99,", ",9,")
    run(prepared(ANSWERS, corrected, name="fixed.csv"), tmp_path / "fixed.csv", broker)
    assert len(broker.log) == 1


def test_refused_rows_that_are_refused_again_keep_their_columns(
    prepared: Prepare, tmp_path: Path
) -> None:
    row = "r0,c0,99,2025-01-02T03:04:05Z"
    text = f"{HEADER[:-1]},_line,_reason,_detail\n{row},7,old,old\n"
    plan = prepared(ANSWERS, text, name="in.bad.csv")
    run(plan, tmp_path / "in.bad.csv", Broker())
    lines = (tmp_path / "in.bad.bad.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0] == f"{HEADER[:-1]},_line,_reason,_detail,_raw"
    assert lines[1].startswith(f"{row},2,score_out_of_range,")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "cp1252"])
def test_refused_rows_are_in_the_encoding_of_the_file(
    prepared: Prepare, tmp_path: Path, encoding: str
) -> None:
    mapping = f'[input]\nencoding = "{encoding}"\n{ANSWERS}'
    text = HEADER + "".join(f"é{n},c0,99,2025-01-02T03:04:05Z\n" for n in range(3))
    run(prepared(mapping, text.encode(encoding)), tmp_path / "in.csv", Broker())
    plan = prepared(mapping, (tmp_path / "in.bad.csv").read_bytes(), name="again.csv")
    assert [row.cells[0] for row in plan.rows.read()] == ["é0", "é1", "é2"]


def test_refused_lines_of_ndjson_keep_their_object(prepared: Prepare, tmp_path: Path) -> None:
    text = '{"id": "r0", "customer": "c0", "score": 99, "at": "2025-01-02T03:04:05Z"}\nnonsense\n'
    run(prepared(ANSWERS, text, name="in.ndjson"), tmp_path / "in.ndjson", Broker())
    lines = (tmp_path / "in.bad.ndjson").read_text(encoding="utf-8").splitlines()
    first, second = map(json.loads, lines)
    assert (first["id"], first["_line"], first["_reason"]) == ("r0", "1", "score_out_of_range")
    assert (second["_raw"], second["_reason"]) == ("nonsense", "broken_row")


def test_a_finished_import_is_known_and_a_changed_file_is_a_new_one(
    prepared: Prepare, tmp_path: Path
) -> None:
    file = tmp_path / "in.csv"
    assert run(prepared(ANSWERS, content()), file, Broker())
    assert Session(again(prepared, tmp_path), file, "broker:9092").already_done
    assert not Session(again(prepared, tmp_path), file, "broker:9092", restart=True).already_done
    assert not Session(again(prepared, tmp_path), file, "other:9092").already_done
    longer = prepared(ANSWERS, content(ROWS + 1))
    assert Session(longer, file, "broker:9092").tally.rows == 0


def test_an_unfinished_import_of_something_else_is_not_continued(
    prepared: Prepare, tmp_path: Path
) -> None:
    file = tmp_path / "in.csv"
    assert not run(prepared(ANSWERS, content()), file, Broker(), stop_after=5)
    plan = prepared(ANSWERS, content(ROWS + 1))
    with pytest.raises(ConfigError, match="stopped after row 5, and since then file changed") as e:
        Session(plan, file, "broker:9092")
    assert "--restart" in e.value.cure
    assert Session(plan, file, "broker:9092", restart=True).tally.rows == 0


def test_a_damaged_state_is_told(prepared: Prepare, tmp_path: Path) -> None:
    plan = prepared(ANSWERS, content())
    (tmp_path / "in.csv.import.json").write_text("[]", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"is not the state of an import.*--restart"):
        Session(plan, tmp_path / "in.csv", "broker:9092")


def test_ids_that_come_back_are_counted(prepared: Prepare, tmp_path: Path) -> None:
    text = HEADER + "r0,c0,9,2025-01-02T03:04:05Z\n" * 3
    session = Session(prepared(ANSWERS, text), tmp_path / "in.csv", "broker:9092")
    session.run(Broker(), lambda tally, share: None, lambda: False)
    assert session.tally.repeated == 2
    assert session.tally.events == 3
