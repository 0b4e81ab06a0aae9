"""What the rest of the system wants from a schema registry."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

from schemas.errors import SchemaError

__all__ = ["RegisteredSchema", "Registry", "RegistryUnavailable", "UnknownSchema", "subject_of"]


class UnknownSchema(SchemaError):
    """The registry answered: there is no such schema."""


class RegistryUnavailable(SchemaError):
    """The registry did not answer. Not the record's fault: wait and ask again."""

    exit_code = 4


@dataclass(frozen=True, slots=True)
class RegisteredSchema:
    """One version of one subject. `definition` is the schema as JSON data."""

    id: int
    subject: str
    version: int
    definition: dict[str, Any] = field(repr=False)


class Registry(Protocol):
    """Look schemas up. Implementations cache: an id never changes its meaning."""

    def by_id(self, schema_id: int) -> RegisteredSchema:
        """Return the schema with this id.

        Raises:
            UnknownSchema: There is none.
            RegistryUnavailable: The registry did not answer.
        """
        ...

    def latest(self, subject: str) -> RegisteredSchema:
        """Return the newest version of a subject: the one to write with.

        Raises:
            UnknownSchema: There is no such subject.
            RegistryUnavailable: The registry did not answer.
        """
        ...


def subject_of(topic: str) -> str:
    """Return the subject of a topic's values (the registries' default naming).

    >>> subject_of("feedback.responses")
    'feedback.responses-value'
    """
    return f"{topic}-value"
