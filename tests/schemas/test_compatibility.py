"""The compatibility check refuses what would break a reader, and lets the rest through."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from schemas.compatibility import conflicts, require_compatible
from schemas.errors import SchemaError
from schemas.registry import FileRegistry
from tests.schemas.builders import Definition, field, record, release_versions

A = field("a", "string")
KIND = {"type": "enum", "name": "Kind", "symbols": ["UNKNOWN", "X"], "default": "UNKNOWN"}
WIDER = {**KIND, "symbols": ["UNKNOWN", "X", "Y"]}
STRICT = {"type": "enum", "name": "Kind", "symbols": ["X"]}
STRICT_WIDER = {**STRICT, "symbols": ["X", "Y"]}


def _pairs(folder: Path, *definitions: Definition) -> set[tuple[int, int]]:
    release_versions(folder, *definitions)
    return {(found.reader, found.writer) for found in conflicts(FileRegistry(folder).all())}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param([A], [A, field("b", ["null", "int"], default=None)], id="nullable added"),
        pytest.param([A], [A, field("b", "int", default=0)], id="defaulted added"),
        pytest.param([A, field("b", "int", default=0)], [A], id="defaulted removed"),
        pytest.param([A], [field("a", "string", doc="Other words.")], id="doc changed"),
        pytest.param([field("k", KIND)], [field("k", WIDER)], id="symbol added"),
    ],
)
def test_a_safe_change_passes(
    tmp_path: Path, old: list[dict[str, object]], new: list[dict[str, object]]
) -> None:
    assert _pairs(tmp_path, record(*old), record(*new)) == set()


@pytest.mark.parametrize(
    ("old", "new", "broken"),
    [
        pytest.param([A, field("b", "int")], [A], {(1, 2)}, id="required removed"),
        pytest.param([A], [A, field("b", "int")], {(2, 1)}, id="no default"),
        pytest.param([A], [field("a", "int")], {(1, 2), (2, 1)}, id="type changed"),
        pytest.param([field("a", "int")], [field("a", "long")], {(1, 2)}, id="widened"),
        pytest.param([A], [field("renamed", "string")], {(1, 2), (2, 1)}, id="renamed"),
        pytest.param([field("k", STRICT)], [field("k", STRICT_WIDER)], {(1, 2)}, id="symbol"),
        pytest.param([A], [A, field("k", KIND)], {(2, 1)}, id="enum field without its default"),
    ],
)
def test_an_unsafe_change_is_refused(
    tmp_path: Path,
    old: list[dict[str, object]],
    new: list[dict[str, object]],
    broken: set[tuple[int, int]],
) -> None:
    assert _pairs(tmp_path, record(*old), record(*new)) == broken


def test_a_field_that_comes_back_with_another_type_is_refused(tmp_path: Path) -> None:
    text, number = field("b", "string", default=""), field("b", "int", default=0)
    # Neighbours are fine: only the first and the third version exclude each other.
    assert _pairs(tmp_path, record(A, text), record(A), record(A, number)) == {(1, 3), (3, 1)}


def test_the_error_names_subject_versions_and_field(tmp_path: Path) -> None:
    release_versions(
        tmp_path, record(A), record(A, field("b", "int")), record(A, field("c", "int"))
    )
    with pytest.raises(SchemaError) as caught:
        require_compatible(FileRegistry(tmp_path).all())
    text = str(caught.value)
    assert "things-value: version 2 cannot read version 1: reader field missing default" in text
    assert "version 3 cannot read version 1" in text
    assert "docs/schemas.md" in text


def test_a_definition_that_is_not_avro_is_named(tmp_path: Path) -> None:
    release_versions(tmp_path, record(A), record(field("a", "strin")))
    with pytest.raises(SchemaError, match="not valid Avro"):
        require_compatible(FileRegistry(tmp_path).all())


def test_without_the_checker_the_cure_is_named() -> None:
    program = (
        "import sys; sys.modules['avro'] = None\n"
        "from schemas.compatibility import problems_reading\n"
        "try: problems_reading({}, {})\n"
        "except Exception as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], check=False, capture_output=True, text=True
    )
    assert "pip install avro" in done.stdout, done.stderr
