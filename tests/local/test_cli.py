from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from deploy.local import parts
from deploy.local.clickhouse import ClickHouseAccess
from deploy.local.config import LocalConfig
from deploy.local.parts import LocalParts
from schemas.errors import LocalError
from streams.cli.down import down
from streams.cli.up import local_config, up
from streams.settings import load_settings

pytestmark = pytest.mark.usefixtures("no_settings")


@pytest.fixture
def app() -> typer.Typer:
    app = typer.Typer()
    for command in (up, down):
        app.command()(command)
    return app


def _running(brokers: str = "127.0.0.1:9092", port: int = 9000) -> LocalParts:
    return LocalParts(brokers, ClickHouseAccess("127.0.0.1", port, 8123, "earshot", "secret"))


def test_the_home_is_the_option_then_the_variable_then_the_setting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = load_settings(local={"home": tmp_path / "setting"})
    assert local_config(settings, Path("option")).home == tmp_path / "option"
    assert local_config(settings).home == tmp_path / "home"
    monkeypatch.delenv("EARSHOT_HOME")
    assert local_config(settings).home == tmp_path / "setting"
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    assert local_config(load_settings()).home == Path("/data/earshot")


def test_every_local_setting_is_passed_on(tmp_path: Path) -> None:
    local = {
        "kafka_port": 1,
        "controller_port": 2,
        "kafka_heap_mb": 300,
        "clickhouse_port": 3,
        "clickhouse_http_port": 4,
        "start_s": 5,
    }
    clickhouse = {"user": "me", "password": "mine"}
    config = local_config(load_settings(local=local, clickhouse=clickhouse))
    assert config == LocalConfig(
        tmp_path / "home", config.cache, 1, 2, 300, 3, 4, "me", "mine", start_s=5
    )
    assert "mine" not in repr(config)


def test_a_password_for_a_clickhouse_elsewhere_stays_out_of_the_home() -> None:
    elsewhere = load_settings(clickhouse={"host": "db.example.com", "password": "theirs"})
    assert local_config(elsewhere).password == ""


@pytest.mark.parametrize("command", ["up", "down"])
def test_an_install_without_the_local_parts_is_told(
    app: typer.Typer, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    error = CliRunner().invoke(app, [command]).exception
    assert isinstance(error, LocalError)
    assert ".[local]" in error.cure


def test_up_says_where_everything_is(
    app: typer.Typer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "start_parts", lambda *_, **__: (_running(), ("Kafka",)))
    result = CliRunner().invoke(app, ["up"])
    assert result.exit_code == 0
    assert "127.0.0.1:9092 (started)" in result.output
    assert "127.0.0.1:9000, HTTP 127.0.0.1:8123 (already running)" in result.output
    assert str(tmp_path / "home") in result.output
    assert "earshot down" in result.output
    assert "export" not in result.output
    assert "secret" not in result.output


def test_up_tells_the_variables_that_differ(
    app: typer.Typer, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = _running("127.0.0.1:19092", 19000)
    monkeypatch.setattr(parts, "start_parts", lambda *_, **__: (there, ()))
    output = CliRunner().invoke(app, ["up"]).output
    assert "export EARSHOT_KAFKA__BROKERS=127.0.0.1:19092\n" in output
    assert "export EARSHOT_CLICKHOUSE__PORT=19000\n" in output
    assert output.count("export ") == 2


def test_down_says_what_it_stopped(app: typer.Typer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "stop_parts", lambda _: ("Kafka",))
    assert CliRunner().invoke(app, ["down"]).output == "Kafka stopped\n"
    monkeypatch.undo()


def test_down_where_nothing_runs_is_fine(app: typer.Typer, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["down", "--home", "elsewhere"])
    assert (result.exit_code, result.output) == (0, f"Nothing runs in {tmp_path / 'elsewhere'}\n")


def test_help_need_not_wait_for_the_parts() -> None:
    code = (
        "import sys, streams.cli.up, streams.cli.down, streams.cli.status;"
        "print([name for name in ('kafka', 'psutil', 'pydantic', 'deploy') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd="/"
    )
    assert done.stdout == "[]\n"
