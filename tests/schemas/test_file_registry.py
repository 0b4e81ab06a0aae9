"""A released file never changes, and every mistake in the folder is said with its cure."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from schemas.errors import SchemaError
from schemas.registry import FileRegistry
from schemas.registry.files import fingerprint
from tests.schemas.builders import field, record, release, release_versions

A = record(field("a", "string"))
B = record(field("a", "string"), field("b", "int", default=0))


def test_versions_come_in_order_whatever_their_ids(tmp_path: Path) -> None:
    release(tmp_path, "things.v10.avsc", B, 1)
    release(tmp_path, "things.v9.avsc", A, 2)
    assert [schema.version for schema in FileRegistry(tmp_path).all()] == [9, 10]
    assert FileRegistry(tmp_path).latest("things-value").definition == B


def test_an_edited_file_is_refused_and_the_line_to_add_is_given(tmp_path: Path) -> None:
    path = release(tmp_path, "things.v1.avsc", A, 1)
    path.write_text(json.dumps(B), encoding="utf-8")
    with pytest.raises(SchemaError, match="differs from what was released") as caught:
        FileRegistry(tmp_path).all()
    assert fingerprint(B) in str(caught.value)


def test_a_doc_may_be_corrected(tmp_path: Path) -> None:
    path = release(tmp_path, "things.v1.avsc", A, 1)
    better = record(field("a", "string", doc="Now explained."))
    path.write_text(json.dumps(better), encoding="utf-8")
    assert FileRegistry(tmp_path).by_id(1).definition == better


def test_a_changed_default_is_a_change(tmp_path: Path) -> None:
    path = release(tmp_path, "things.v1.avsc", B, 1)
    path.write_text(json.dumps(B).replace('"default": 0', '"default": 1'), encoding="utf-8")
    with pytest.raises(SchemaError, match="differs"):
        FileRegistry(tmp_path).all()


def test_a_duplicate_id_is_refused(tmp_path: Path) -> None:
    release(tmp_path, "others.v1.avsc", A, 1)
    release(tmp_path, "things.v1.avsc", B, 1)
    with pytest.raises(SchemaError, match="has the id 1 of another schema"):
        FileRegistry(tmp_path).all()


def test_a_file_without_its_line_in_ids_is_refused(tmp_path: Path) -> None:
    release_versions(tmp_path, A)
    (tmp_path / "things.v2.avsc").write_text(json.dumps(B), encoding="utf-8")
    with pytest.raises(SchemaError, match=r"things\.v2\.avsc") as caught:
        FileRegistry(tmp_path).all()
    assert "ids.json" in str(caught.value)


@pytest.mark.parametrize("name", ["things.avsc", "things.v0.avsc", "things.v01.avsc", ".v1.avsc"])
def test_a_misnamed_file_is_refused(tmp_path: Path, name: str) -> None:
    release(tmp_path, name, A, 1)
    with pytest.raises(SchemaError, match="is not named"):
        FileRegistry(tmp_path).all()
