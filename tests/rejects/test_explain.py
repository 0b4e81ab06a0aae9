"""`earshot rejects explain`: why, which field, and whether it would be counted now."""

from __future__ import annotations

import json
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from schemas.framing import frame, unframe
from schemas.registry import FileRegistry, subject_of
from streams.cli.rejects import rejects
from streams.fold.rejection import REASONS, Reason
from streams.rejecting.fields import fields_of
from streams.rejecting.meanings import MEANINGS
from tests.builders import ANSWERS
from tests.rejects.conftest import REGISTRY, SECRET, Log, answer_bytes

FIELDS = [each["name"] for each in REGISTRY.latest(subject_of(ANSWERS)).definition["fields"]]


@pytest.fixture
def app(settings_of_log: None) -> typer.Typer:
    app = typer.Typer()
    app.add_typer(rejects, name="rejects")
    app.command()(lambda: None)
    return app


def explain(app: typer.Typer, offset: int, *args: str) -> str:
    result = CliRunner().invoke(app, ["rejects", "explain", f"{ANSWERS}/2/{offset}", *args])
    assert result.exit_code == 0, result.output
    return result.output


def facts(app: typer.Typer, offset: int, *args: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(explain(app, offset, "--json", *args))
    return found


def wrong(found: dict[str, Any]) -> list[str]:
    return [one["name"] for one in found["fields"] if one["wrong"]]


def test_every_reason_has_its_sentence() -> None:
    assert set(MEANINGS) == set(REASONS)
    for text in MEANINGS.values():
        assert text.endswith(".")


@pytest.mark.clickhouse
def test_a_wrong_field_is_named_and_no_value_is_told(app: typer.Typer, log: Log) -> None:
    name = "somebody who must not be named"
    value = answer_bytes(customer_id=name, value_number=None)
    offset = log.reject(value, reason="missing_score", headers=(("trace", SECRET),))
    for text in (explain(app, offset), explain(app, offset, "--json")):
        assert name not in text
        assert SECRET.decode() not in text
        assert SECRET.hex() not in text
    found = facts(app, offset)
    assert wrong(found) == ["value_number"]
    assert [one["name"] for one in found["fields"]] == FIELDS
    assert found["now"] == {"reason": "missing_score", "detail": "value_number is null"}
    text = explain(app, offset)
    assert MEANINGS["missing_score"] in text
    assert REASONS["missing_score"] in text
    assert "It would be rejected again." in text


@pytest.mark.clickhouse
def test_values_are_told_to_who_asks(app: typer.Typer, log: Log) -> None:
    value = answer_bytes(customer_id="c-77", responded_at=1_760_000_000_000, value_number=None)
    offset = log.reject(value, reason="missing_score")
    values = {one["name"]: one["value"] for one in facts(app, offset, "--personal")["fields"]}
    assert values["customer_id"] == "c-77"
    assert values["responded_at"] == "2025-10-09T08:53:20.000+00:00"
    assert values["value_number"] is None
    text = explain(app, offset, "--bytes")
    assert '"c-77"' in text
    assert "may hold personal data" in text
    assert "|customer-4711|" in text


@pytest.mark.clickhouse
def test_what_was_cured_meanwhile_would_be_counted(app: typer.Typer, log: Log) -> None:
    offset = log.reject(answer_bytes(), reason="no_measure")
    assert facts(app, offset)["now"] == "not rejected"
    assert f"earshot rejects replay {ANSWERS}/2/{offset}" in explain(app, offset)


@pytest.mark.clickhouse
def test_replays_and_outcomes_are_told(app: typer.Typer, log: Log) -> None:
    first = log.reject()
    assert "Never." in explain(app, first)
    second = log.reject_again(first, 1)
    assert "Rejected again once" in explain(app, first)
    assert f"last at {ANSWERS}/2/{second}" in explain(app, first)
    by = log.count(first, 2, "accepted")
    text = explain(app, second)
    assert "accepted" in text
    assert f"it stands at {ANSWERS}/2/{by}." in text


@pytest.mark.clickhouse
@pytest.mark.parametrize("value", [None, b"", b"junk", frame(999_999, b"x")])
def test_a_record_without_a_schema_has_no_fields(
    app: typer.Typer, log: Log, value: bytes | None
) -> None:
    offset = log.reject(value)
    assert facts(app, offset)["fields"] == []


@pytest.mark.clickhouse
def test_a_record_that_is_not_there_is_a_wrong_argument(app: typer.Typer) -> None:
    assert CliRunner().invoke(app, ["rejects", "explain", f"{ANSWERS}/2/9"]).exit_code == 2


def _seen(value: bytes, reason: Reason, detail: str = "") -> list[tuple[str, bool, bool]]:
    found = fields_of(FileRegistry(), value, reason, detail)
    return [(one.name, one.wrong, one.read) for one in found]


def test_a_cut_body_is_read_as_far_as_it_goes() -> None:
    framed = unframe(answer_bytes(source="shop", event_id="e1"))
    assert framed is not None
    for cut in range(1, len(framed.body)):
        seen = _seen(frame(framed.schema_id, framed.body[:cut]), "malformed")
        wrong = [index for index, (_, bad, _) in enumerate(seen) if bad]
        assert len(wrong) == 1
        assert all(read for _, _, read in seen[: wrong[0]])
        assert not any(read for _, _, read in seen[wrong[0] :])


def test_with_bytes_behind_it_every_field_is_read_and_none_is_wrong() -> None:
    seen = _seen(
        answer_bytes() + b"more", "trailing_bytes", "4 bytes follow the end of the record."
    )
    assert [name for name, _, _ in seen] == FIELDS
    assert all(read and not bad for _, bad, read in seen)


def test_a_measure_is_chosen_by_five_fields() -> None:
    seen = _seen(answer_bytes(), "no_measure", "no measure declares metric NPS, scale 0 to 11")
    assert {name for name, bad, _ in seen if bad} == {
        "metric", "survey_kind", "scale_min", "scale_max", "higher_is_better",
    }  # fmt: skip


def test_values_stay_out_of_repr() -> None:
    found = fields_of(FileRegistry(), answer_bytes(customer_id="c-77"), "malformed", "")
    assert "c-77" not in repr(found)
