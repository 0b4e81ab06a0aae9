"""`python -m streams.reference` writes the generated parts of `docs`; `--check` only looks.

ClickHouse itself describes its tables and views: an embedded one runs for as long as this takes.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.local.clickhouse import ClickHousePart
from deploy.local.config import LocalConfig, default_cache
from deploy.local.parts import borrowed
from schemas.errors import EarshotError
from sinks import migrations
from sinks.clickhouse import Address, ClickHouse
from streams.reference.pages import PAGES, stale


def main(arguments: list[str]) -> int:
    """Write or check the pages below ./docs; return the exit code."""
    if arguments not in ([], ["--check"]):
        print("usage: python -m streams.reference [--check]", file=sys.stderr)
        return 2
    docs = Path("docs")
    try:
        with _migrated() as clickhouse:
            if arguments:
                found = stale(docs, clickhouse)
                for name in found:
                    print(f"docs/{name} is stale: run `python -m streams.reference`.")
                return int(bool(found))
            for page in PAGES:
                _, text = page.renewed(docs, clickhouse)
                (docs / page.file).write_text(text, encoding="utf-8")
                print(f"docs/{page.file}")
    except EarshotError as error:
        print(f"reference: {error}", file=sys.stderr)
        return error.exit_code
    return 0


@contextmanager
def _migrated() -> Iterator[ClickHouse]:
    """Run an embedded ClickHouse in a folder of its own, with every migration applied."""
    with tempfile.TemporaryDirectory() as folder:
        config = LocalConfig(
            home=Path(folder), cache=default_cache(), clickhouse_port=0, clickhouse_http_port=0
        )
        part = ClickHousePart(config, tied=True)
        with borrowed(part):
            access = part.access
            clickhouse = ClickHouse(
                Address(access.host, access.port, access.user, access.password, "earshot")
            )
            for migration in migrations.load():
                migrations.run(clickhouse, "earshot", migration)
            yield clickhouse
            clickhouse.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
