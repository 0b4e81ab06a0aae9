"""Registering the shipped schemas: all or nothing, and repeatable."""

from __future__ import annotations

import json

import pytest
from typer import Typer
from typer.testing import CliRunner

from schemas.errors import ConfigError, SchemaError
from schemas.registry import FileRegistry, HttpRegistry
from schemas.registry.base import RegisteredSchema
from schemas.registry.publish import publish
from streams.cli.schemas import schemas as command
from tests.schemas.builders import field, record
from tests.schemas.registry_server import registry_server

SHIPPED = FileRegistry().all()


def test_an_empty_registry_gets_every_schema_and_keeps_it() -> None:
    with registry_server([]) as server:
        registry = HttpRegistry(server.url)
        made = publish(SHIPPED, registry)
        assert [(one.subject, one.version) for one in made] == [(s.subject, 1) for s in SHIPPED]
        assert len({one.id for one in made}) == len(SHIPPED)
        assert publish(SHIPPED, registry) == made
        assert len(server.schemas) == len(SHIPPED)


def test_one_refused_schema_keeps_all_of_them_out() -> None:
    alien = record(field("event_id", "int"), name="Answer")
    with registry_server([RegisteredSchema(1, "feedback.responses-value", 1, alien)]) as server:
        with pytest.raises(SchemaError, match=r"feedback\.responses-value version 1"):
            publish(SHIPPED, HttpRegistry(server.url))
        assert len(server.schemas) == 1


def test_the_command_registers_and_prints_the_registry_s_ids(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = Typer()
    app.command()(command)
    other = RegisteredSchema(500, "other-value", 1, record(field("a", "int")))
    with registry_server([other]) as server:
        monkeypatch.setenv("EARSHOT_REGISTRY__URL", server.url)
        done = CliRunner().invoke(app, ["--register", "--json"])
        assert done.exit_code == 0, done.output
        rows = json.loads(done.output)
    assert [row["subject"] for row in rows] == [schema.subject for schema in SHIPPED]
    assert min(row["id"] for row in rows) == 501


def test_the_command_prints_the_shipped_ids_and_needs_a_registry_to_register(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = Typer()
    app.command()(command)
    monkeypatch.delenv("EARSHOT_REGISTRY__URL", raising=False)
    done = CliRunner().invoke(app, [])
    assert done.exit_code == 0
    assert "feedback.responses-value" in done.output
    refused = CliRunner().invoke(app, ["--register"])
    assert isinstance(refused.exception, ConfigError)
