"""docker-compose.yml, checked without an engine: its form, its waits, its borders."""

from __future__ import annotations

import base64
import ipaddress
import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import typer.main
import yaml

from streams.cli.main import app
from streams.settings import load_settings
from tests.deploy.compose import (
    COMPOSE,
    ROOT,
    MissingVariable,
    example,
    filled_in,
    load,
    services,
    used_variables,
)

SERVICES = services()
OURS = {name for name, service in SERVICES.items() if "build" in service}
ONE_SHOT = {name for name, service in SERVICES.items() if service["restart"] == "no"}
SCHEMA = json.loads((Path(__file__).parent / "compose-spec.json").read_text(encoding="utf-8"))

every_service = pytest.mark.parametrize("name", sorted(SERVICES))
our_services = pytest.mark.parametrize("name", sorted(OURS))


def _seconds(duration: str) -> int:
    match = re.fullmatch(r"(\d+)(s|m)", duration)
    assert match, duration
    return int(match[1]) * {"s": 1, "m": 60}[match[2]]


@pytest.mark.parametrize("variables", [filled_in(), {"EARSHOT_CLICKHOUSE__PASSWORD": "x"}])
def test_it_follows_the_compose_specification(variables: dict[str, str]) -> None:
    jsonschema.validate(load(variables), SCHEMA)


def test_the_specification_would_notice_a_mistake() -> None:
    broken = load(filled_in())
    broken["services"]["worker"]["healthchek"] = {}
    with pytest.raises(jsonschema.ValidationError, match="healthchek"):
        jsonschema.validate(broken, SCHEMA)


@every_service
def test_every_wait_is_for_a_check_or_an_exit_code(name: str) -> None:
    for target, wait in SERVICES[name].get("depends_on", {}).items():
        if target in ONE_SHOT:
            assert wait["condition"] == "service_completed_successfully"
        else:
            assert wait["condition"] == "service_healthy"
            assert "healthcheck" in SERVICES[target]
        if "profiles" in SERVICES[target] and "profiles" not in SERVICES[name]:
            assert wait["required"] is False


def test_the_waits_form_no_circle() -> None:
    done: set[str] = set()
    while len(done) < len(SERVICES):
        ready = {
            name
            for name, service in SERVICES.items()
            if name not in done and set(service.get("depends_on", {})) <= done
        }
        assert ready, f"a circle among {sorted(set(SERVICES) - done)}"
        done |= ready


@pytest.mark.parametrize("name", sorted(ONE_SHOT - {"demo"}))
def test_somebody_waits_for_each_one_shot(name: str) -> None:
    # Otherwise `up --wait` takes its exit for a failure.
    assert any(name in service.get("depends_on", {}) for service in SERVICES.values())


@pytest.mark.parametrize("name", sorted(set(SERVICES) - ONE_SHOT))
def test_what_keeps_running_is_watched_bounded_and_stopped_gently(name: str) -> None:
    service = SERVICES[name]
    check = service["healthcheck"]
    assert service["restart"] == "unless-stopped"
    assert check["test"][0] in ("CMD", "CMD-SHELL")
    assert _seconds(check["timeout"]) <= _seconds(check["interval"])
    assert _seconds(service["stop_grace_period"]) > 20
    assert service["mem_limit"]


def test_a_worker_has_longer_to_stop_than_it_takes() -> None:
    stop_s = float(SERVICES["worker"]["environment"]["EARSHOT_WORKER__STOP_S"])
    assert _seconds(SERVICES["worker"]["stop_grace_period"]) >= stop_s + 10


def test_checks_ask_more_than_whether_a_port_is_open() -> None:
    def check(name: str) -> str:
        return " ".join(SERVICES[name]["healthcheck"]["test"])

    assert "kafka-broker-api-versions.sh --bootstrap-server kafka:19092" in check("kafka")
    assert "--host 127.0.0.1" in check("clickhouse")
    assert '--password "$CLICKHOUSE_PASSWORD"' in check("clickhouse")
    assert "SELECT 1" in check("clickhouse")
    assert "/subjects" in check("registry")
    assert "localhost" not in COMPOSE.read_text(encoding="utf-8").replace("as localhost may", "")


@every_service
def test_images_are_pinned(name: str) -> None:
    image = SERVICES[name]["image"]
    assert re.fullmatch(r"[a-z0-9./-]+:v?\d+\.\d+\.\d+(\.\d+)?", image), image


def test_kafka_is_the_version_that_runs_without_docker() -> None:
    pom = (ROOT / "deploy/local/pom.xml").read_text(encoding="utf-8")
    local = re.search(r"<artifactId>kafka_2\.13</artifactId>\s*<version>([^<]+)<", pom)
    assert local
    assert SERVICES["kafka"]["image"] == f"apache/kafka:{local[1]}"


@every_service
def test_ports_are_open_on_the_loopback_only(name: str) -> None:
    for port in SERVICES[name].get("ports", []):
        address, published, target = port.split(":")
        assert ipaddress.ip_address(address).is_loopback
        assert published == target
    assert SERVICES[name].get("network_mode") != "host"


@every_service
def test_nobody_is_root_or_may_become_it(name: str) -> None:
    service = SERVICES[name]
    assert not service.get("privileged")
    assert "/var/run/docker.sock" not in json.dumps(service)
    if name in OURS:
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
    elif name != "registry":  # Karapace's image names its own user
        assert service["user"] not in ("root", "0", "0:0")


@every_service
def test_data_is_in_named_volumes(name: str) -> None:
    declared = load(filled_in())["volumes"]
    for volume in SERVICES[name].get("volumes", []):
        assert volume.split(":")[0] in declared


def test_the_password_is_required_and_nowhere_written() -> None:
    with pytest.raises(MissingVariable, match="EARSHOT_CLICKHOUSE__PASSWORD"):
        load(example())
    assert example()["EARSHOT_CLICKHOUSE__PASSWORD"] == ""
    secret = re.compile(r"^ *\w*(?:PASSWORD|SECRET|TOKEN)\w*: *(\S+)", re.MULTILINE)
    written = secret.findall(COMPOSE.read_text(encoding="utf-8"))
    assert len(written) == 2
    assert all(value.startswith("${EARSHOT_CLICKHOUSE__PASSWORD:?") for value in written)


def test_every_variable_is_explained_and_every_explained_one_used() -> None:
    used = used_variables(COMPOSE.read_text(encoding="utf-8"))
    assert used.keys() == example().keys()


def test_the_example_says_the_defaults() -> None:
    used = used_variables(COMPOSE.read_text(encoding="utf-8"))
    defaults = {name: default for name, default in used.items() if default is not None}
    assert defaults == {name: example()[name] for name in defaults}


@our_services
def test_our_settings_exist_and_fit(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    environment = SERVICES[name]["environment"]
    assert all(variable.startswith("EARSHOT_") for variable in environment)
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
        # An unknown group is ignored by pydantic-settings, so each name is followed to its field.
        node: Any = load_settings()
        for part in variable.removeprefix("EARSHOT_").lower().split("__"):
            node = getattr(node, part)
    settings = load_settings()
    assert settings.kafka.brokers == "kafka:19092"
    assert settings.clickhouse.host == "clickhouse"
    assert settings.clickhouse.password.get_secret_value() == "pass4word"
    user = SERVICES["clickhouse"]["environment"]["CLICKHOUSE_USER"]
    assert settings.clickhouse.user == user


@our_services
def test_our_commands_exist_with_their_options(name: str) -> None:
    known = typer.main.get_group(app).commands
    commands = [SERVICES[name]["command"]]
    if "healthcheck" in SERVICES[name]:
        program, *check = SERVICES[name]["healthcheck"]["test"][1:]
        assert program == "earshot"
        commands.append(check)
    for verb, *arguments in commands:
        assert verb in known, f"earshot has no command {verb}"
        options = {option for one in known[verb].params for option in one.opts}
        assert {argument for argument in arguments if argument.startswith("--")} <= options


def test_kafka_tells_each_side_an_address_it_can_reach() -> None:
    environment = SERVICES["kafka"]["environment"]
    advertised = dict(
        one.split("://") for one in environment["KAFKA_ADVERTISED_LISTENERS"].split(",")
    )
    assert advertised == {"INSIDE": "kafka:19092", "HOST": "127.0.0.1:9092"}
    mapped = dict(
        one.split(":") for one in environment["KAFKA_LISTENER_SECURITY_PROTOCOL_MAP"].split(",")
    )
    listening = {one.split("://")[0] for one in environment["KAFKA_LISTENERS"].split(",")}
    assert listening == mapped.keys() == {*advertised, "CONTROLLER"}
    moved = services({**filled_in(), "KAFKA_PORT": "19999"})["kafka"]
    assert moved["ports"] == ["127.0.0.1:19999:9092"]
    assert "HOST://127.0.0.1:19999" in moved["environment"]["KAFKA_ADVERTISED_LISTENERS"]


def test_kafkas_cluster_id_is_a_uuid() -> None:
    cluster = SERVICES["kafka"]["environment"]["CLUSTER_ID"]
    assert len(base64.urlsafe_b64decode(cluster + "==")) == 16


def test_the_registry_keeps_the_rule_of_the_tests() -> None:
    assert SERVICES["registry"]["environment"]["KARAPACE_COMPATIBILITY"] == "FULL_TRANSITIVE"
    assert SERVICES["schemas"]["environment"]["EARSHOT_REGISTRY__URL"] == "http://registry:8081"


def test_two_workers_by_default_and_as_many_as_wanted() -> None:
    assert SERVICES["worker"]["deploy"]["replicas"] == "2"
    assert services({**filled_in(), "WORKERS": "5"})["worker"]["deploy"]["replicas"] == "5"


def test_without_a_profile_only_the_core_starts() -> None:
    core = {name for name, service in SERVICES.items() if "profiles" not in service}
    assert core == {"kafka", "clickhouse", "topics", "migrate", "worker"}


def test_no_key_is_written_twice() -> None:
    class Strict(yaml.SafeLoader):
        pass

    def mapping(loader: Strict, node: yaml.MappingNode) -> dict[Any, Any]:
        keys = [loader.construct_object(key) for key, _ in node.value]
        assert len(keys) == len(set(keys)), f"twice: {keys}"
        return {}

    Strict.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, mapping)
    yaml.load(COMPOSE.read_text(encoding="utf-8"), Strict)
