"""`earshot schemas`: print the released schemas, or register them."""

from __future__ import annotations

from typing import Annotated

import typer

__all__ = ["schemas"]


def schemas(
    register: Annotated[
        bool,
        typer.Option("--register", help="Register those shipped with Earshot in the registry."),
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print every shipped schema: its subject, version, id, fields and fingerprint.

    With --register, the ids printed are those of the registry at EARSHOT_REGISTRY__URL.
    """
    from schemas.errors import ConfigError
    from schemas.registry import FileRegistry, HttpRegistry
    from schemas.registry.files import fingerprint
    from schemas.registry.publish import publish
    from streams.cli.console import print_json, print_table
    from streams.settings import load_settings
    from streams.wiring import registry_of

    found = FileRegistry().all()
    if register:
        registry = registry_of(load_settings())
        if not isinstance(registry, HttpRegistry):
            raise ConfigError("No registry is set.", cure="Set EARSHOT_REGISTRY__URL.")
        found = publish(found, registry)
        registry.close()
    rows = [
        {
            "subject": schema.subject,
            "version": schema.version,
            "id": schema.id,
            "fields": len(schema.definition["fields"]),
            "fingerprint": fingerprint(schema.definition),
        }
        for schema in found
    ]
    if json:
        print_json(rows)
        return
    print_table(
        "Schemas",
        list(rows[0]),
        [list(row.values()) for row in rows],
        right=frozenset({"version", "id", "fields"}),
    )
