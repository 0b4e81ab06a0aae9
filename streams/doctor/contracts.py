"""The schemas: are the files whole, and does the registry hold what was released."""

from __future__ import annotations

from collections.abc import Sequence

from schemas.catalog import TOPICS
from schemas.errors import SchemaError
from schemas.registry import (
    FileRegistry,
    HttpRegistry,
    RegisteredSchema,
    Registry,
    UnknownSchema,
    subject_of,
)
from schemas.registry.files import fingerprint

__all__ = ["files_whole", "registry_holds", "schemas_fit"]

_REGISTER = "Run `earshot schemas --register`."


def files_whole(files: FileRegistry) -> list[RegisteredSchema]:
    """Return the released schemas.

    Raises:
        SchemaError: A file was edited after its release, or a topic has no schema.
    """
    found = files.all()
    for topic in TOPICS:
        files.latest(subject_of(topic.name))
    return found


def registry_holds(registry: Registry, released: Sequence[RegisteredSchema]) -> str:
    """Compare the newest version of every subject with what was released. Ids may differ.

    Raises:
        SchemaError: A subject is missing, or its newest version is none that this Earshot knows.
        RegistryUnavailable: It does not answer.
    """
    missing, strange = [], []
    for subject in sorted({schema.subject for schema in released}):
        known = {fingerprint(s.definition) for s in released if s.subject == subject}
        try:
            if fingerprint(registry.latest(subject).definition) not in known:
                strange.append(subject)
        except UnknownSchema:
            missing.append(subject)
    if missing:
        raise SchemaError(f"The registry misses {', '.join(missing)}.", cure=_REGISTER)
    if strange:
        raise SchemaError(
            f"The newest version in the registry is unknown to this Earshot: {', '.join(strange)}.",
            cure=f"Upgrade Earshot if it is newer. If it is older: {_REGISTER}",
        )
    return f"the registry holds all {len(released)}"


def schemas_fit(registry: Registry) -> str:
    """Check the files, and the registry if one is set.

    Raises:
        SchemaError: As above.
    """
    released = files_whole(FileRegistry())
    if not isinstance(registry, HttpRegistry):
        return f"{len(released)} files, as released; no registry is set"
    try:
        return f"{len(released)} files, as released; {registry_holds(registry, released)}"
    finally:
        registry.close()
