"""Which page has which generated part, and whether a page is stale."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sinks.clickhouse import ClickHouse
from streams.reference.marking import part_of, with_part
from streams.reference.of_clickhouse import clickhouse_part
from streams.reference.of_commands import commands_part
from streams.reference.of_measures import measures_part
from streams.reference.of_rejects import rejects_part
from streams.reference.of_settings import settings_part
from streams.reference.of_topics import topics_part

__all__ = ["PAGES", "Page", "stale"]


def _commands() -> str:
    from streams.cli.main import app  # noqa: PLC0415 - the command line depends on everything

    return commands_part(app)


@dataclass(frozen=True, slots=True)
class Page:
    """A page of `docs`, the name of its generated part, and what writes it."""

    file: str
    part: str
    write: Callable[[ClickHouse], str]

    def renewed(self, docs: Path, clickhouse: ClickHouse) -> tuple[str, str]:
        """Return the page as it is, and as it should be.

        Raises:
            ConfigError: The page has no place for its part, or something in it is not explained.
        """
        text = (docs / self.file).read_text(encoding="utf-8")
        return text, with_part(text, self.part, self.write(clickhouse))

    def written(self, docs: Path) -> str:
        """Return the generated part as it is."""
        return part_of((docs / self.file).read_text(encoding="utf-8"), self.part)


PAGES: tuple[Page, ...] = (
    Page("settings.md", "settings", lambda _: settings_part()),
    Page("topics.md", "topics", lambda _: topics_part()),
    Page("cli.md", "commands", lambda _: _commands()),
    Page("measures.md", "measures", lambda _: measures_part()),
    Page("rejects.md", "reasons", lambda _: rejects_part()),
    Page("clickhouse.md", "clickhouse", clickhouse_part),
)


def stale(docs: Path, clickhouse: ClickHouse) -> list[str]:
    """Return the pages whose generated part is not what it would be now."""
    found = []
    for page in PAGES:
        is_now, should_be = page.renewed(docs, clickhouse)
        if is_now != should_be:
            found.append(page.file)
    return found
