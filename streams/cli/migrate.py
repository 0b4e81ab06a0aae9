"""`earshot migrate`: bring ClickHouse's tables and views up to date."""

from __future__ import annotations

from typing import Annotated

import typer

__all__ = ["migrate"]


def migrate(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the SQL that would run, and change nothing.")
    ] = False,
) -> None:
    """Apply the migrations that ClickHouse does not have yet, and write the score rules down."""
    from sinks.clickhouse import ClickHouse
    from streams.migrating import migrate_all, pending_sql
    from streams.settings import load_settings
    from streams.wiring import address_of

    settings = load_settings()
    clickhouse = ClickHouse(address_of(settings))
    try:
        if dry_run:
            statements = pending_sql(clickhouse)
            print("\n\n".join(f"{statement};" for statement in statements) or "-- Nothing to do.")
            return
        names = migrate_all(clickhouse, settings)
        for name in names:
            print(f"Applied {name}.")
        if not names:
            print("Every migration was applied before.")
    finally:
        clickhouse.close()
