"""Bring the released schemas of one place into a registry."""

from __future__ import annotations

from collections.abc import Iterable

from schemas.errors import SchemaError
from schemas.registry.base import RegisteredSchema
from schemas.registry.http import HttpRegistry

__all__ = ["publish"]


def publish(schemas: Iterable[RegisteredSchema], registry: HttpRegistry) -> list[RegisteredSchema]:
    """Register every schema, oldest version first, and return them with the registry's ids.

    Nothing is registered unless the registry accepts the newest version of every subject. What it has
    already stays as it is, so this may be repeated.

    Raises:
        SchemaError: The registry refuses some; the message lists all of them.
        RegistryUnavailable: The registry did not answer.
    """
    ordered = sorted(schemas, key=lambda schema: (schema.subject, schema.version))
    newest = {schema.subject: schema for schema in ordered}
    refused = [
        f"{schema.subject} version {schema.version}"
        for schema in newest.values()
        if not registry.check(schema.subject, schema.definition)
    ]
    if refused:
        raise SchemaError(
            f"The registry finds {', '.join(refused)} incompatible with what it has.",
            cure="Look which version it has: it may be newer than this Earshot.",
        )
    return [registry.register(schema.subject, schema.definition) for schema in ordered]
