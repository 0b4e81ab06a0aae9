"""What every registry must do, on every implementation.

With EARSHOT_TEST_REGISTRY_URL set, the suite also runs against the registry there (Confluent, Karapace
or Apicurio). It registers subjects of its own there, each with a random name.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas.registry import FileRegistry, HttpRegistry, Registry, UnknownSchema, subject_of
from tests.schemas.builders import Definition, field, record, release
from tests.schemas.registry_server import registry_server

FIRST = record(field("a", "string"))
SECOND = record(field("a", "string"), field("b", ["null", "int"], default=None))
LIVE = os.environ.get("EARSHOT_TEST_REGISTRY_URL", "")


class Case:
    """A registry that holds `FIRST` and `SECOND` as the versions of one subject."""

    def __init__(self, registry: Registry, topic: str, ids: tuple[int, int]) -> None:
        self.registry, self.subject, self.ids = registry, subject_of(topic), ids


@pytest.fixture(params=["files", "http", *(["live"] if LIVE else [])])
def case(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Case]:
    release(tmp_path, "things.v1.avsc", FIRST, 41)
    release(tmp_path, "things.v2.avsc", SECOND, 7)  # ids need not grow with versions
    if request.param == "files":
        yield Case(FileRegistry(tmp_path), "things", (41, 7))
    elif request.param == "http":
        with registry_server(FileRegistry(tmp_path).all()) as server:
            registry = HttpRegistry(server.url)
            yield Case(registry, "things", (41, 7))
            registry.close()
    else:
        registry = HttpRegistry(LIVE)
        topic = f"earshot-test-{uuid.uuid4()}"
        # A registry gives equal definitions one id: the name makes these unlike any other's.
        name = f"T{uuid.uuid4().hex}"
        made = [
            registry.register(subject_of(topic), {**definition, "name": name}).id
            for definition in (FIRST, SECOND)
        ]
        yield Case(registry, topic, (made[0], made[1]))
        registry.close()


def _fields(definition: Definition) -> list[str]:
    return [one["name"] for one in definition["fields"]]


def test_an_id_leads_to_its_schema(case: Case) -> None:
    found = case.registry.by_id(case.ids[0])
    assert (found.id, found.subject, found.version) == (case.ids[0], case.subject, 1)
    assert _fields(found.definition) == ["a"]


def test_the_latest_version_is_the_highest_not_the_highest_id(case: Case) -> None:
    found = case.registry.latest(case.subject)
    assert (found.id, found.subject, found.version) == (case.ids[1], case.subject, 2)
    assert _fields(found.definition) == ["a", "b"]


def test_both_ways_to_a_schema_agree(case: Case) -> None:
    assert case.registry.by_id(case.ids[1]) == case.registry.latest(case.subject)


@pytest.mark.parametrize("schema_id", [0, 2**31 - 1, 2**32 - 1])
def test_an_unknown_id_is_said_to_be_unknown_with_a_cure(case: Case, schema_id: int) -> None:
    with pytest.raises(UnknownSchema, match=str(schema_id)) as caught:
        case.registry.by_id(schema_id)
    assert caught.value.cure


def test_an_unknown_subject_is_said_to_be_unknown_with_a_cure(case: Case) -> None:
    with pytest.raises(UnknownSchema, match="no-such-subject") as caught:
        case.registry.latest("no-such-subject")
    assert caught.value.cure
