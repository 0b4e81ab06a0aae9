"""docs/clickhouse.md: every view and table, as a migrated ClickHouse describes them."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import resources
from typing import NamedTuple

from schemas.errors import ConfigError
from sinks.clickhouse import ClickHouse
from streams.reference.markdown import code, table

__all__ = ["clickhouse_part"]

_PARAMETER = re.compile(r"\{(\w+):U?Int\d+\}")


class _Column(NamedTuple):
    name: str
    type: str
    comment: str


@dataclass(frozen=True, slots=True)
class _Relation:
    """A table or a view. `parameters` are those a view must be called with."""

    name: str
    is_view: bool
    comment: str
    key: str
    partition: str
    parameters: tuple[str, ...]
    columns: tuple[_Column, ...]


def clickhouse_part(clickhouse: ClickHouse) -> str:
    """Return the views, then the tables, of a database in which every migration was applied.

    Raises:
        ConfigError: A view, or a column of one, is not explained.
        SinkError: ClickHouse does not answer.
    """
    found = _relations(clickhouse)
    tables = {relation.name: relation for relation in found if not relation.is_view}
    views = [relation for relation in found if relation.is_view]
    prose = _view_columns(views, tables)
    missing = [view.name for view in views if not view.comment]
    missing += [
        f"{view.name}.{column.name}"
        for view in views
        for column in view.columns
        if (view.name, column.name) not in prose
    ]
    if missing:
        raise ConfigError(
            f"Not explained: {', '.join(missing)}.",
            cure="Give the view a COMMENT in sinks/sql, and write its columns into "
            "streams/reference/view_columns.toml.",
        )
    parts = ["## Views", _index((view.name, view.comment) for view in views)]
    parts += [_view(view, prose) for view in views]
    parts += ["## Tables", _index((name, relation.comment) for name, relation in tables.items())]
    parts += [_table(relation) for relation in tables.values()]
    return "\n\n".join(parts)


def _relations(clickhouse: ClickHouse) -> list[_Relation]:
    database = clickhouse.address.database
    found = clickhouse.rows(
        "SELECT name, engine, comment, sorting_key, partition_key, create_table_query "
        "FROM system.tables WHERE database = %(database)s ORDER BY name",
        {"database": database},
    )
    relations = []
    for name, engine, comment, key, partition, sql in found:
        parameters = tuple(dict.fromkeys(_PARAMETER.findall(sql)))
        call = f"({', '.join(f'{parameter} = 60' for parameter in parameters)})"
        described = clickhouse.rows(
            f"DESCRIBE TABLE {database}.{name}{call if parameters else ''}",
            settings={"describe_include_subcolumns": 0},
        )
        columns = tuple(_Column(row[0], row[1], row[4]) for row in described)
        relations.append(
            _Relation(name, engine == "View", comment, key, partition, parameters, columns)
        )
    return relations


def _view_columns(
    views: list[_Relation], tables: dict[str, _Relation]
) -> dict[tuple[str, str], str]:
    file = resources.files("streams") / "reference" / "view_columns.toml"
    written: dict[str, dict[str, str]] = tomllib.loads(file.read_text(encoding="utf-8"))
    prose: dict[tuple[str, str], str] = {}
    for view in views:
        own = written.get(view.name, {})
        model = tables.get(own.get("like", ""))
        known = {column.name: column.comment for column in model.columns} if model else {}
        known = {**written["shared"], **known, **own}
        prose |= {(view.name, c.name): known[c.name] for c in view.columns if c.name in known}
    return prose


def _index(entries: Iterable[tuple[str, str]]) -> str:
    return table(["name", "holds"], [(f"[{name}](#{name})", purpose) for name, purpose in entries])


def _view(view: _Relation, prose: dict[tuple[str, str], str]) -> str:
    call = f"({', '.join(f'{name} = ...' for name in view.parameters)})" if view.parameters else ""
    rows = [(code(c.name), code(c.type), prose[view.name, c.name]) for c in view.columns]
    called = f"\n\nCalled as `{view.name}{call}`." if call else ""
    return (
        f"### {view.name}\n\n{view.comment}{called}\n\n{table(['column', 'type', 'meaning'], rows)}"
    )


def _table(relation: _Relation) -> str:
    rows = [(code(c.name), code(c.type), c.comment) for c in relation.columns]
    facts = [f"Key: {code(relation.key)}."]
    facts += [f"Partitioned by {code(relation.partition)}."] if relation.partition else []
    listed = table(["column", "type", "meaning"], rows)
    return f"### {relation.name}\n\n{relation.comment} {' '.join(facts)}\n\n{listed}"
