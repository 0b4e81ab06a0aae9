"""Migrations, and the rows the views need: which scores there are and how they are derived."""

from __future__ import annotations

import time

from schemas.facts import FACTS
from schemas.measures import Measures
from sinks import migrations
from sinks.clickhouse import ClickHouse
from sinks.tables import TABLES
from streams.scores import z_quantile
from streams.settings import Scores, Settings
from streams.wiring import measures_of

__all__ = [
    "journey_map_columns",
    "migrate_all",
    "pending_sql",
    "rollup_columns",
    "score_rule_columns",
]


def pending_sql(clickhouse: ClickHouse) -> list[str]:
    """Return the statements that `migrate_all` would run."""
    database = clickhouse.address.database
    return [
        statement
        for migration in migrations.pending(clickhouse, database, migrations.load())
        for statement in migration.statements(database)
    ]


def migrate_all(clickhouse: ClickHouse, settings: Settings) -> list[str]:
    """Apply what is pending, and write the score rules; return the names of what was applied.

    Raises:
        SinkError: ClickHouse refuses, or the history does not fit the files.
        ConfigError: The measures file is wrong.
    """
    database = clickhouse.address.database
    measures = measures_of(settings)
    names = []
    for migration in migrations.pending(clickhouse, database, migrations.load()):
        migrations.run(clickhouse, database, migration)
        names.append(migration.label)
    clickhouse.insert(TABLES["score_rules"], score_rule_columns(measures, settings.scores))
    clickhouse.insert(TABLES["rollups"], rollup_columns(measures))
    clickhouse.insert(TABLES["journey_maps"], journey_map_columns(measures))
    return names


def rollup_columns(measures: Measures) -> list[list[object]]:
    """Return the columns of `rollups`: one row for each way the views group series."""
    rollups = measures.rules.rollups
    return [[list(dimensions) for dimensions in rollups], [measures.version] * len(rollups)]


def journey_map_columns(measures: Measures) -> list[list[object]]:
    """Return the columns of `journey_maps`: one row for each map."""
    rows: list[tuple[object, ...]] = [
        (
            journey.name,
            list(journey.stages),
            sorted(journey.starts),
            sorted(journey.transitions),
            journey.ends_after_ms,
            dict(journey.expected_ms),
            measures.version,
        )
        for journey in measures.rules.journeys.values()
    ]
    return [list(column) for column in zip(*rows, strict=True)]


def score_rule_columns(measures: Measures, thresholds: Scores) -> list[list[object]]:
    """Return the columns of `score_rules`: one row for each score of each measure."""
    z = z_quantile(thresholds.confidence)
    now_ms = int(time.time() * 1000)
    rows: list[tuple[object, ...]] = []
    for measure in measures.measures:
        for score in measure.scores:
            rows.append(
                (
                    measure.name,
                    score.name,
                    measure.topic,
                    score.kind,
                    score.unit,
                    list(measure.dimensions),
                    *(score.top or (None, None)),
                    *(score.bottom or (None, None)),
                    *(score.base or (None, None)),
                    score.q,
                    measure.is_duration,
                    measure.higher_is_better,
                    measure.once_per,
                    FACTS[measure.fact].horizon_ms // 1000 if measure.fact else 0,
                    *(measure.scale or (None, None)),
                    thresholds.n_privacy,
                    thresholds.n_stat,
                    thresholds.confidence,
                    z,
                    measures.version,
                    now_ms,
                )
            )
    return [list(column) for column in zip(*rows, strict=True)]
