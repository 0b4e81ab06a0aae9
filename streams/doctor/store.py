"""ClickHouse: does it answer, are tables and rules current, may we write, is its clock ours."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

from schemas.errors import SinkError
from schemas.measures import Measures
from sinks import migrations
from sinks.clickhouse import Address, ClickHouse, SinkRefused
from sinks.tables import TABLES, shown
from streams.doctor.finding import Unmeasured
from streams.migrating import score_rule_columns
from streams.settings import Scores

__all__ = ["Store", "skew_fits"]

#: Half of a slice: a clock that is off by more ends the rolling windows at the wrong minute.
_MOST_SKEW_S = 30.0

#: ClickHouse's code for an unknown table.
_NO_TABLE = 60


def skew_fits(skew_s: float, uncertainty_s: float) -> str:
    """Say how far ClickHouse's clock is ahead of ours.

    Raises:
        SinkError: It is off by more than half a minute, beyond what the measurement leaves open.
    """
    text = (
        f"ClickHouse is {abs(skew_s):.3f} s {'ahead of' if skew_s >= 0 else 'behind'} this machine"
    )
    if abs(skew_s) - uncertainty_s > _MOST_SKEW_S:
        raise SinkError(
            f"{text}, the limit is {_MOST_SKEW_S:g} s.",
            cure="Synchronise both clocks (NTP): rolling windows end by ClickHouse's, and events are "
            "judged by the broker's.",
        )
    return f"{text} (±{uncertainty_s:.3f} s); the broker's cannot be measured without writing to it"


class Store:
    """The checks of one database. Each opens a connection of its own: they run side by side."""

    def __init__(self, address: Address, *, limit_s: float) -> None:
        self._address = replace(address, timeout_s=min(limit_s, address.timeout_s))
        self._database = address.database

    def answers(self) -> str:
        """Ask for the version."""
        with self._open() as clickhouse:
            started = time.monotonic()
            version = clickhouse.rows("SELECT version()")[0][0]
            took_ms = (time.monotonic() - started) * 1000
        return f"{self._address!r}, version {version}, answered in {took_ms:.0f} ms"

    def migrated(self) -> str:
        """Compare the applied migrations with the files.

        Raises:
            SinkError: Some are pending, edited, unknown or passed over.
        """
        files = migrations.load()
        with self._open() as clickhouse:
            left = migrations.pending(clickhouse, self._database, files)
        if left:
            names = ", ".join(migration.label for migration in left)
            raise SinkError(
                f"{len(left)} of {len(files)} migrations are pending: {names}.",
                cure="Run `earshot migrate`.",
            )
        return f"all {len(files)} are applied, none was edited"

    def writable(self) -> str:
        """Write no rows into every table.

        Raises:
            SinkError: The user may not write, or a table is missing.
        """
        with self._open() as clickhouse:
            for table in TABLES.values():
                name, columns = f"{self._database}.{table.name}", ", ".join(table.columns)
                try:
                    clickhouse.command(
                        f"INSERT INTO {name} ({columns}) SELECT {columns} FROM {name} WHERE 0"
                    )
                except SinkRefused as error:
                    if error.code == _NO_TABLE:
                        raise SinkError(
                            f"{name} is missing, though its migration was applied.",
                            cure="Restore it from a backup. Or begin anew: drop the database, run "
                            "`earshot migrate`, and let a new kafka.group read the topics again.",
                        ) from None
                    raise SinkError(
                        f"Nothing can be written into {name} (code {error.code}).",
                        cure=f"Let the user {self._address.user} SELECT and INSERT on "
                        f"{self._database}.*, and not be readonly.",
                    ) from None
        return f"{len(TABLES)} tables take rows"

    def rules_current(self, measures: Measures, thresholds: Scores) -> str:
        """Compare the stored rules and definitions with the measures file and the settings.

        Raises:
            SinkError: They differ.
        """
        wanted = {tuple(_plain(row)) for row in _rows(score_rule_columns(measures, thresholds))}
        columns = ", ".join(TABLES["score_rules"].columns[:-1])
        with self._open() as clickhouse:
            stored = clickhouse.rows(f"SELECT {columns} FROM {self._database}.score_rules FINAL")
            texts = clickhouse.rows(
                f"SELECT fingerprint FROM {self._database}.definitions WHERE version = %(version)s",
                {"version": measures.version},
            )
        if texts and texts[0][0] != hashlib.sha256(measures.text.encode()).hexdigest():
            raise SinkError(
                f"The measures file changed, but its version is still {measures.version}.",
                cure="Raise `version` in the measures file, and run `earshot migrate`.",
            )
        if missing := wanted - {tuple(_plain(row)) for row in stored}:
            raise SinkError(
                f"{len(missing)} of {len(wanted)} score rules in ClickHouse are older than the "
                "measures file or the settings.",
                cure="Run `earshot migrate`: it writes them down.",
            )
        return f"{len(wanted)} score rules are those of the measures file and the settings"

    def clock(self, now: Callable[[], float] = time.time) -> str:
        """Measure how far ClickHouse's clock is from ours, to half a round trip.

        Raises:
            SinkError: Too far.
        """
        with self._open() as clickhouse:
            clickhouse.rows("SELECT 1")  # the first call also connects
            before = now()
            server_ms = clickhouse.rows("SELECT toUnixTimestamp64Milli(now64(3))")[0][0]
            after = now()
        return skew_fits(server_ms / 1000 - (before + after) / 2, (after - before) / 2)

    def flushed(self) -> str | Unmeasured:
        """Say how many records were folded, and when the ledger was last written."""
        with self._open() as clickhouse:
            read, rejected = clickhouse.rows(
                f"SELECT sum(read), sum(rejected) FROM {self._database}.ledger FINAL "
                f"WHERE {shown(self._database)}"
            )[0]
            # Merges make parts too; a part of one block is a flush.
            written: datetime | None = clickhouse.rows(
                "SELECT maxOrNull(toTimeZone(modification_time, 'UTC')) FROM system.parts "
                "WHERE database = %(database)s AND table = 'ledger' "
                "AND min_block_number = max_block_number",
                {"database": self._database},
            )[0][0]
        if not read:
            return Unmeasured("nothing was folded yet")
        when = f"last flush {written:%Y-%m-%d %H:%M:%S} UTC" if written else "no recent flush"
        return f"{when}; {read:,} records folded, {rejected:,} of them rejected"

    @contextmanager
    def _open(self) -> Iterator[ClickHouse]:
        clickhouse = ClickHouse(self._address)
        try:
            yield clickhouse
        finally:
            clickhouse.close()


def _rows(columns: Sequence[Sequence[object]]) -> Iterator[Sequence[object]]:
    # the last column is the moment of writing
    return (row[:-1] for row in zip(*columns, strict=True))


def _plain(row: Sequence[object]) -> Iterator[object]:
    return (tuple(value) if isinstance(value, list) else value for value in row)
