"""Small schemas and registry folders for tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from schemas.registry.files import fingerprint

Definition = dict[str, Any]


def field(name: str, kind: Any, **more: Any) -> dict[str, Any]:
    """Return one Avro field."""
    return {"name": name, "type": kind, **more}


def record(*fields: dict[str, Any], name: str = "Thing") -> Definition:
    """Return one Avro record."""
    return {"type": "record", "name": name, "fields": list(fields)}


def release(folder: Path, name: str, definition: Definition, schema_id: int) -> Path:
    """Release one version into a folder, as `docs/schemas.md` describes, and return its file."""
    path, ids = folder / name, folder / "ids.json"
    path.write_text(json.dumps(definition), encoding="utf-8")
    known = json.loads(ids.read_text(encoding="utf-8")) if ids.exists() else {}
    known[name] = {"id": schema_id, "fingerprint": fingerprint(definition)}
    ids.write_text(json.dumps(known), encoding="utf-8")
    return path


def release_versions(folder: Path, *definitions: Definition) -> None:
    """Release versions 1, 2, ... of the topic `things`, with the ids 1, 2, ..."""
    for version, definition in enumerate(definitions, start=1):
        release(folder, f"things.v{version}.avsc", definition, version)
