"""Whether schemas can live side by side: every version reads what every other version wrote.

That rule is FULL_TRANSITIVE. It holds for all pairs of versions, not for neighbours only: a field that
is deleted and comes back with another type passes from version to version, and still no reader of the
third version could read the first one's records.
Source: https://avro.apache.org/docs/1.12.0/specification/#schema-resolution
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import permutations
from typing import Any

from schemas.errors import ConfigError, SchemaError
from schemas.registry import RegisteredSchema

__all__ = ["Conflict", "conflicts", "problems_reading", "require_compatible"]


@dataclass(frozen=True, slots=True)
class Conflict:
    """Records of `subject` written with version `writer` that a reader of `reader` cannot read."""

    subject: str
    reader: int
    writer: int
    problems: tuple[str, ...]

    def __str__(self) -> str:
        problems = "; ".join(self.problems)
        return (
            f"{self.subject}: version {self.reader} cannot read version {self.writer}: {problems}"
        )


def require_compatible(schemas: Iterable[RegisteredSchema]) -> None:
    """Do nothing if all versions of each subject can read each other.

    Raises:
        SchemaError: Some cannot; the message lists every pair.
        ConfigError: The `avro` package is not installed.
    """
    found = conflicts(schemas)
    if found:
        raise SchemaError(
            "Schemas are not FULL_TRANSITIVE compatible:\n"
            + "\n".join(f"  {conflict}" for conflict in found),
            cure="\ndocs/schemas.md tells which changes are possible.",
        )


def conflicts(schemas: Iterable[RegisteredSchema]) -> list[Conflict]:
    """Return every ordered pair of versions of one subject of which one cannot read the other.

    Raises:
        SchemaError: A schema is not valid Avro.
        ConfigError: The `avro` package is not installed.
    """
    subjects: dict[str, list[RegisteredSchema]] = {}
    for schema in schemas:
        subjects.setdefault(schema.subject, []).append(schema)
    found = []
    for subject, versions in sorted(subjects.items()):
        ordered = sorted(versions, key=lambda schema: schema.version)
        for reader, writer in permutations(ordered, 2):
            problems = problems_reading(reader.definition, writer.definition)
            if problems:
                found.append(Conflict(subject, reader.version, writer.version, tuple(problems)))
    return found


def problems_reading(reader: Mapping[str, Any], writer: Mapping[str, Any]) -> list[str]:
    """Return why records written with one definition cannot be read with another, or nothing.

    Raises:
        SchemaError: A definition is not valid Avro.
        ConfigError: The `avro` package is not installed.
    """
    try:
        from avro.compatibility import (  # noqa: PLC0415 - a tool of releases, not of workers
            ReaderWriterCompatibilityChecker,
            SchemaCompatibilityType,
        )
        from avro.errors import AvroException  # noqa: PLC0415 - of the same tool
        from avro.schema import parse  # noqa: PLC0415 - of the same tool
    except ModuleNotFoundError:
        raise ConfigError(
            "Checking the compatibility of schemas needs the avro package.", cure="pip install avro"
        ) from None
    try:
        parsed = [parse(json.dumps(definition)) for definition in (reader, writer)]
    except AvroException as error:
        raise SchemaError(f"A schema is not valid Avro: {error}.", cure="Correct it.") from None
    checker: Any = ReaderWriterCompatibilityChecker  # its hints name the wrong types
    result = checker().get_compatibility(*parsed)
    if result.compatibility is SchemaCompatibilityType.compatible:
        return []
    kinds = sorted(kind.value.replace("_", " ") for kind in result.incompatibilities)
    return [f"{', '.join(kinds)} ({', '.join(sorted(result.messages))})"]
