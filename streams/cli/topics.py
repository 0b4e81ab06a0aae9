"""`earshot topics`: print the table of topics, or create them."""

from __future__ import annotations

from typing import Annotated

import typer

__all__ = ["topics"]


def topics(
    create: Annotated[bool, typer.Option(help="Create the topics that are missing.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print every topic: its schema, key, partitions, retention, owner, and who reads and writes it."""
    from schemas.catalog import TOPICS
    from schemas.registry import subject_of
    from streams.cli.console import print_json, print_table
    from streams.settings import load_settings

    settings = load_settings()
    if create:
        from streams.topics import create_topics

        created = create_topics(
            settings.kafka.brokers,
            partitions=settings.kafka.partitions,
            replication=settings.kafka.replication,
        )
        print(f"Created {', '.join(created)}." if created else "All topics exist.")
        return
    rows = [
        {
            "topic": topic.name,
            "schema": subject_of(topic.name),
            "key": topic.key,
            "partitions": topic.partitions or settings.kafka.partitions,
            "kept": topic.retention,
            "owner": topic.owner,
            "written by": ", ".join(topic.writers),
            "read by": ", ".join(topic.readers),
        }
        for topic in TOPICS
    ]
    if json:
        print_json(rows)
        return
    print_table(
        "Topics",
        list(rows[0]),
        [list(row.values()) for row in rows],
        right=frozenset({"partitions"}),
    )
