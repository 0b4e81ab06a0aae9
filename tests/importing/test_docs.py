"""docs/import.md and the examples say what the code does."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest

from schemas.definitions import load_measures
from schemas.errors import ConfigError
from schemas.registry import FileRegistry
from streams.fold.judging import Rules
from streams.importing.identity import ID_FIELDS
from streams.importing.mapping import Condition, Input, Lookup, Source
from streams.importing.plan import Outgoing, prepare
from streams.importing.reasons import IMPORT_REASONS
from tests.importing.conftest import NOW_MS

DOCS = Path(__file__).parents[2] / "docs"
TEXT = (DOCS / "import.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("model", [Input, Lookup, Condition, Source])
def test_every_key_of_a_mapping_is_documented(model: type[Input]) -> None:
    prose = re.sub(r"```.*?```", "", TEXT, flags=re.DOTALL)
    code = " ".join(re.findall(r"`([^`]+)`", prose))
    words = set(re.findall(r"\w+", code))
    assert model.model_fields.keys() - words == set()


def test_every_reason_is_documented_with_its_cure() -> None:
    missing = [
        name for name, cure in IMPORT_REASONS.items() if f"| `{name}` | {cure} |" not in TEXT
    ]
    assert missing == []


def test_the_fields_of_ids_are_documented() -> None:
    for topic, fields in ID_FIELDS.items():
        assert f"| `{topic}` | {', '.join(f'`{field}`' for field in fields)} |" in TEXT


def test_the_mapping_on_the_page_is_the_example() -> None:
    block = tomllib.loads(TEXT.split("```toml\n")[1].split("```")[0])
    example = tomllib.loads((DOCS / "examples/marketplace-reviews.toml").read_text("utf-8"))
    shown, whole = block["event"][0], example["event"][0]
    assert shown["constants"].items() <= whole["constants"].items()
    assert all(whole["columns"][name] == source for name, source in shown["columns"].items())
    assert (shown["topic"], shown["when"], shown["scale"]) == (
        whole["topic"], whole["when"], whole["scale"],
    )  # fmt: skip
    assert block["input"] == example["input"]


def events(mapping: str, file: Path) -> list[Outgoing]:
    rules = Rules(load_measures())
    plan = prepare(DOCS / "examples" / mapping, file, FileRegistry(), rules, max_bytes=1 << 20)
    try:
        return [event for row in plan.rows.read() for event in plan.events(row.cells, NOW_MS)]
    finally:
        plan.rows.close()


def test_the_reviews_example_works(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text("order_id,customer_id\no1,a1\n", encoding="utf-8")
    (tmp_path / "customers.csv").write_text(
        "customer_id,customer_unique_id,customer_state\na1,p1,SP\n", encoding="utf-8"
    )
    file = tmp_path / "reviews.csv"
    file.write_text(
        "review_id,order_id,review_score,review_comment_title,review_comment_message,"
        "review_creation_date,review_answer_timestamp\n"
        'v1,o1,4,,"Bom,\nobrigado",2017-10-15 00:00:00,2017-10-16 12:00:00\n'
        "v2,o1,,,,2017-10-15 00:00:00,2017-10-16 12:00:00\n",
        encoding="utf-8",
    )
    (event,) = events("marketplace-reviews.toml", file)
    record = event.record
    assert (event.key, record["response_id"], record["region"]) == ("p1", "v1:o1", "SP")
    assert record["value_text"] == "Bom,\nobrigado"
    assert record["invited_at"] == 1_508_036_400_000  # 03:00 UTC: the skipped hour
    assert record["responded_at"] == 1_508_162_400_000  # 14:00 UTC: already summer time


def test_the_conversations_example_reads_its_own_comment(tmp_path: Path) -> None:
    example = (DOCS / "examples/conversations.toml").read_text(encoding="utf-8")
    comment = "".join(line.lstrip("#") for line in example.splitlines() if line.startswith("#"))
    line = comment[comment.index("{") : comment.rindex("}") + 1]
    file = tmp_path / "events.ndjson"
    reply = {**json.loads(line), "id": "e-2", "kind": "agent_comment", "public": False}
    reply["actor"] = {"role": "agent", "id": 5, "team": "billing"}
    file.write_text(f"{line}\n{json.dumps(reply)}\n", encoding="utf-8")
    first, second = (event.record for event in events("conversations.toml", file))
    assert (first["type"], first["actor"], first["channel"]) == ("CREATED", "CUSTOMER", "WEB")
    assert (first["conversation_id"], first["public"]) == ("77", True)
    assert first["attributes"] == [{"name": "first_tag", "value": "billing"}]
    assert first["event_time"] == 1_717_000_000_000
    assert (second["event_id"], second["type"], second["public"]) == ("e-2", "AGENT_MESSAGE", False)
    assert (second["agent_id"], second["team_id"]) == ("5", "billing")


def test_an_example_with_a_missing_look_up_file_says_which(tmp_path: Path) -> None:
    file = tmp_path / "reviews.csv"
    file.write_text("review_id\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"orders\.csv"):
        events("marketplace-reviews.toml", file)
