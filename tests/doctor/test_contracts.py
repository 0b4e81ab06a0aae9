"""The schema files, and a registry that should hold the same."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

import schemas
from schemas.errors import SchemaError
from schemas.registry import FileRegistry, HttpRegistry, RegistryUnavailable
from streams.doctor.contracts import files_whole, registry_holds, schemas_fit
from tests.schemas.builders import field, record
from tests.schemas.registry_server import registry_server

RELEASED = FileRegistry().all()


def test_the_shipped_files_are_whole() -> None:
    assert files_whole(FileRegistry()) == RELEASED
    assert schemas_fit(FileRegistry()) == "9 files, as released; no registry is set"


def test_an_edited_file_fails(tmp_path: Path) -> None:
    folder = tmp_path / "avro"
    shutil.copytree(Path(schemas.__path__[0]) / "avro", folder)
    path = folder / "feedback.care.v1.avsc"
    path.write_text(
        path.read_text(encoding="utf-8").replace('"case_id"', '"case"'), encoding="utf-8"
    )
    with pytest.raises(SchemaError, match=r"feedback\.care\.v1\.avsc differs"):
        files_whole(FileRegistry(folder))


def test_a_topic_without_a_schema_fails(tmp_path: Path) -> None:
    folder = tmp_path / "avro"
    shutil.copytree(Path(schemas.__path__[0]) / "avro", folder)
    (folder / "feedback.care.v1.avsc").unlink()
    with pytest.raises(SchemaError, match=r"feedback\.care"):
        files_whole(FileRegistry(folder))


def test_a_registry_may_have_ids_of_its_own() -> None:
    with registry_server([replace(schema, id=schema.id + 500) for schema in RELEASED]) as server:
        text = schemas_fit(HttpRegistry(server.url))
    assert text == "9 files, as released; the registry holds all 9"


def test_what_the_registry_misses_is_named() -> None:
    with registry_server(RELEASED[2:]) as server:
        registry = HttpRegistry(server.url)
        with pytest.raises(
            SchemaError, match=r"misses feedback\.alerts-value, feedback\.care-value"
        ) as caught:
            registry_holds(registry, RELEASED)
        registry.close()
    assert "earshot schemas --register" in caught.value.cure


def test_a_definition_nobody_released_is_named() -> None:
    alien = replace(RELEASED[0], definition=record(field("x", "int"), name="Alert"))
    with registry_server([alien, *RELEASED[1:]]) as server:
        registry = HttpRegistry(server.url)
        with pytest.raises(SchemaError, match=r"unknown to this Earshot: feedback\.alerts-value\."):
            registry_holds(registry, RELEASED)
        registry.close()


def test_a_silent_registry_is_not_taken_for_an_empty_one() -> None:
    with pytest.raises(RegistryUnavailable):
        schemas_fit(HttpRegistry("http://127.0.0.1:1", timeout_s=1))
