"""A mapping and a file in a folder of their own, made ready."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from schemas.definitions import load_measures
from schemas.registry import FileRegistry
from streams.fold.judging import Rules
from streams.importing.plan import Plan, prepare

NOW_MS = 1_760_000_000_000  # 2025-10-09

Prepare = Callable[..., Plan]

ANSWERS = """
[[event]]
topic = "feedback.responses"
scale = [0, 10]
[event.constants]
source = "shop"
survey_id = "s1"
question_id = "q1"
survey_kind = "RELATIONSHIP"
metric = "NPS"
[event.columns]
response_id = "id"
customer_id = "customer"
value_number = "score"
responded_at = "at"
"""

HEADER = "id,customer,score,at\n"


@pytest.fixture
def prepared(tmp_path: Path) -> Iterator[Prepare]:
    """Return a function that writes a mapping and a file and prepares them."""
    plans: list[Plan] = []

    def build(
        mapping: str, content: str | bytes, name: str = "in.csv", max_bytes: int = 1 << 20
    ) -> Plan:
        (tmp_path / "map.toml").write_text(mapping, encoding="utf-8")
        data = content if isinstance(content, bytes) else content.encode()
        if data:
            (tmp_path / name).write_bytes(data)
        plan = prepare(
            tmp_path / "map.toml",
            tmp_path / name,
            FileRegistry(),
            Rules(load_measures()),
            max_bytes=max_bytes,
        )
        plans.append(plan)
        return plan

    yield build
    for plan in plans:
        plan.rows.close()
