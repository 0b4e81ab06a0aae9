"""The registry without a server: the files in `schemas/avro`.

A released version is one file, `<topic>.v<version>.avsc`, and one line in `ids.json`: its id and
the fingerprint of its definition. A released file never changes; a change is a new version.
"""

from __future__ import annotations

import hashlib
import json
import re
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Any

from schemas.errors import SchemaError
from schemas.registry.base import RegisteredSchema, UnknownSchema, subject_of

__all__ = ["FileRegistry", "fingerprint"]

_FILE = re.compile(r"(?P<topic>.+)\.v(?P<version>[1-9][0-9]*)\.avsc")


class FileRegistry:
    """Serve the schemas of one folder.

    Raises:
        SchemaError: On first use, if a file is malformed, was edited after its release, or has no id.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder or Path(str(resources.files("schemas"))) / "avro"

    def by_id(self, schema_id: int) -> RegisteredSchema:
        """Return the schema with this id."""
        try:
            return self._by_id[schema_id]
        except KeyError:
            raise UnknownSchema(
                f"No schema has the id {schema_id}.",
                cure="Send with an id of schemas/avro/ids.json, or set EARSHOT_REGISTRY__URL.",
            ) from None

    def latest(self, subject: str) -> RegisteredSchema:
        """Return the newest version of a subject."""
        versions = [schema for schema in self._by_id.values() if schema.subject == subject]
        if not versions:
            raise UnknownSchema(
                f"There is no subject {subject}.", cure="`earshot topics` lists every topic."
            )
        return max(versions, key=lambda schema: schema.version)

    def all(self) -> list[RegisteredSchema]:
        """Return every released schema, ordered by subject and version."""
        return sorted(self._by_id.values(), key=lambda schema: (schema.subject, schema.version))

    @cached_property
    def _by_id(self) -> dict[int, RegisteredSchema]:
        ids: dict[str, dict[str, Any]] = json.loads(
            (self._folder / "ids.json").read_text(encoding="utf-8")
        )
        found: dict[int, RegisteredSchema] = {}
        for path in sorted(self._folder.glob("*.avsc")):
            schema = _load(path, ids.get(path.name))
            if schema.id in found:
                raise SchemaError(
                    f"{path.name} has the id {schema.id} of another schema.",
                    cure="Give it an unused id in ids.json.",
                )
            found[schema.id] = schema
        return found


def _load(path: Path, released: dict[str, Any] | None) -> RegisteredSchema:
    match = _FILE.fullmatch(path.name)
    if match is None:
        raise SchemaError(f"{path.name} is not named <topic>.v<version>.avsc.", cure="Rename it.")
    definition = json.loads(path.read_text(encoding="utf-8"))
    if released is None or released["fingerprint"] != fingerprint(definition):
        raise SchemaError(
            f"{path.name} differs from what was released.",
            cure="A released schema never changes: put it back, and make the change in a file "
            "with the next version and its own line in ids.json, "
            f'"{path.name}": {{"id": <unused>, "fingerprint": "{fingerprint(definition)}"}}.',
        )
    return RegisteredSchema(
        id=released["id"],
        subject=subject_of(match["topic"]),
        version=int(match["version"]),
        definition=definition,
    )


def fingerprint(definition: dict[str, Any]) -> str:
    """Return the first 16 hex digits of the SHA-256 of a definition without its docs."""
    text = json.dumps(_without_docs(definition), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _without_docs(node: Any) -> Any:
    if isinstance(node, dict):
        return {name: _without_docs(value) for name, value in node.items() if name != "doc"}
    if isinstance(node, list):
        return [_without_docs(value) for value in node]
    return node
