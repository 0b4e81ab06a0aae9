"""The definitions versions that folded something."""

from __future__ import annotations

import hashlib

from schemas.definitions import parse_measures
from schemas.errors import SinkError
from schemas.measures import Measures
from sinks.clickhouse import ClickHouse
from streams.store.database import Database

__all__ = ["Definitions"]


class Definitions(Database):
    """Definitions, each kept in memory once it was asked for."""

    def __init__(self, clickhouse: ClickHouse) -> None:
        super().__init__(clickhouse)
        self._definitions: dict[int, Measures] = {}

    def keep_definitions(self, measures: Measures) -> None:
        """Write a definitions version down before anything is folded with it.

        Raises:
            SinkError: The same version was used before with another text.
        """
        fingerprint = hashlib.sha256(measures.text.encode()).hexdigest()
        stored = self._clickhouse.rows(
            f"SELECT fingerprint FROM {self._database}.definitions WHERE version = %(version)s LIMIT 1",
            {"version": measures.version},
        )
        if stored and stored[0][0] != fingerprint:
            raise SinkError(
                f"The measures file changed, but its version is still {measures.version}.",
                cure="Raise `version` in the measures file.",
            )
        if not stored:
            self.write("definitions", [[measures.version], [fingerprint], [measures.text]])
        self._definitions[measures.version] = measures

    def definitions(self, version: int) -> Measures:
        """Return the measures of a version that folded something.

        Raises:
            SinkError: ClickHouse does not have that version.
        """
        if version not in self._definitions:
            rows = self._clickhouse.rows(
                f"SELECT text FROM {self._database}.definitions WHERE version = %(version)s LIMIT 1",
                {"version": version},
            )
            if not rows:
                raise SinkError(
                    f"ClickHouse has no measure definitions of version {version}.",
                    cure="Restore the table `definitions` from a backup.",
                )
            self._definitions[version] = parse_measures(rows[0][0])
        return self._definitions[version]
