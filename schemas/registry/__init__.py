"""Where schemas come from: files (the default) or a Confluent-compatible registry over HTTP."""

from schemas.registry.base import (
    RegisteredSchema,
    Registry,
    RegistryUnavailable,
    UnknownSchema,
    subject_of,
)
from schemas.registry.files import FileRegistry
from schemas.registry.http import HttpRegistry

__all__ = [
    "FileRegistry",
    "HttpRegistry",
    "RegisteredSchema",
    "Registry",
    "RegistryUnavailable",
    "UnknownSchema",
    "subject_of",
]
