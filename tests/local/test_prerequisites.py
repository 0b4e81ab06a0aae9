from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from deploy.local import prerequisites
from deploy.local.config import LocalConfig
from deploy.local.jars import fetch_jars, jar_folder
from deploy.local.kafka import KafkaPart
from deploy.local.ports import free_ports, is_free
from deploy.local.prerequisites import Problem, require
from schemas.errors import LocalError


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, and nothing else in PATH."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    return folder


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


def _program(folder: Path, name: str, script: str) -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


@pytest.mark.usefixtures("programs")
def test_a_missing_java_is_told_with_its_package() -> None:
    assert "apt-get install openjdk-17-jre-headless" in str(prerequisites.java_problem())


@pytest.mark.parametrize(
    "said", ['openjdk version "11.0.2" 2019-01-15', 'java version "1.8.0_302"']
)
def test_an_old_java_is_told_with_its_version(programs: Path, said: str) -> None:
    java = _program(programs, "java", f"echo '{said}' >&2")
    problem = str(prerequisites.java_problem())
    assert f"{java} is Java {'11' if '11' in said else '8'}, and Kafka needs 17" in problem


@pytest.mark.parametrize("said", ['openjdk version "17" 2021', 'openjdk version "25.0.1"'])
def test_a_new_java_will_do(programs: Path, said: str) -> None:
    _program(programs, "java", f"echo '{said}' >&2")
    assert prerequisites.java_problem() is None


def test_java_home_wins(programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _program(programs, "java", "echo 'openjdk version \"11\"' >&2")
    (tmp_path / "jdk" / "bin").mkdir(parents=True)
    _program(tmp_path / "jdk" / "bin", "java", "echo 'openjdk version \"21\"' >&2")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "jdk"))
    assert prerequisites.java_problem() is None


@pytest.mark.usefixtures("programs")
def test_maven_is_needed_only_without_the_jars(tmp_path: Path) -> None:
    assert "apt-get install maven" in str(prerequisites.maven_problem(tmp_path))
    jar_folder(tmp_path).mkdir()
    assert prerequisites.maven_problem(tmp_path) is None
    assert fetch_jars(tmp_path, pytest.fail) == jar_folder(tmp_path)


def test_a_failing_maven_is_quoted_and_leaves_nothing(programs: Path, tmp_path: Path) -> None:
    script = f'echo "$@" >> {tmp_path}/calls; echo "[ERROR] no route to host"; exit 1'
    _program(programs, "mvn", script)
    cache = tmp_path / "cache"
    with pytest.raises(LocalError, match="no route to host") as caught:
        fetch_jars(cache, lambda _: None)
    assert "Check the network" in caught.value.cure
    assert list(cache.iterdir()) == []
    online, offline = (tmp_path / "calls").read_text().splitlines()
    assert " -o " in offline
    assert " -o " not in online


def test_without_a_network_maven_takes_what_it_has(programs: Path, tmp_path: Path) -> None:
    script = (
        'for a in "$@"; do case $a in -o) offline=1;; -DoutputDirectory=*) to=${a#*=};; esac; done; '
        '[ "$offline" ] || exit 1; : > "$to/kafka.jar"'
    )
    _program(programs, "mvn", script)
    said: list[str] = []
    folder = fetch_jars(tmp_path / "cache", said.append)
    assert [jar.name for jar in folder.iterdir()] == ["kafka.jar"]
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [folder.name]
    assert folder.stat().st_mode & 0o005 == 0o005, "another user cannot read the jars"
    assert len(said) == 1


def test_a_cache_that_cannot_be_is_told_with_its_cure(programs: Path, tmp_path: Path) -> None:
    _program(programs, "mvn", "exit 0")
    (tmp_path / "file").write_text("")
    with pytest.raises(LocalError, match="EARSHOT_CACHE"):
        fetch_jars(tmp_path / "file" / "cache", lambda _: None)


def test_a_full_disk_is_told_with_what_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "not" / "yet"
    assert prerequisites.disk_problem(home) is None
    usage = SimpleNamespace(free=1.5 * 1024**3)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    assert f"Only 1.5 GiB are free at {home}" in str(prerequisites.disk_problem(home))


def test_a_taken_port_is_told_with_its_holder_and_setting(taken_port: int) -> None:
    problem = str(prerequisites.port_problem("Kafka", taken_port, "kafka_port"))
    assert f"Port {taken_port} of Kafka is taken by " in problem
    assert f"(pid {os.getpid()})" in problem
    assert "EARSHOT_LOCAL__KAFKA_PORT (local.kafka_port)" in problem


def test_any_free_port_is_never_taken() -> None:
    assert prerequisites.port_problem("ClickHouse", 0, "clickhouse_port") is None


def test_free_ports_are_free_and_out_of_the_way(taken_port: int) -> None:
    ports = free_ports(50)
    assert len(set(ports)) == 50
    assert taken_port not in ports
    assert all(is_free(port) for port in ports)
    assert not is_free(taken_port)
    lowest_outgoing = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0]
    assert max(ports) < int(lowest_outgoing)


def test_a_path_that_kafka_would_split_is_refused() -> None:
    assert "EARSHOT_HOME" in str(prerequisites.path_problem(Path("/a,b"), "EARSHOT_HOME"))
    assert prerequisites.path_problem(Path("/a b/ö"), "EARSHOT_HOME") is None


def test_a_missing_chdb_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    assert prerequisites.chdb_problem() is None
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    assert "pip install '.[local]'" in str(prerequisites.chdb_problem())


@pytest.mark.usefixtures("programs")
def test_all_problems_are_told_at_once(tmp_path: Path, taken_port: int) -> None:
    config = LocalConfig(home=tmp_path, cache=tmp_path / "cache", kafka_port=taken_port)
    with pytest.raises(LocalError) as caught:
        require(KafkaPart(config).problems())
    message = str(caught.value)
    assert all(word in message for word in ("Java is not", "Maven (mvn)", f"Port {taken_port}"))
    assert message.count("\n  - ") == 3 + (not is_free(config.controller_port))


def test_a_single_problem_is_one_sentence_with_its_cure() -> None:
    require([None, None])
    with pytest.raises(LocalError) as caught:
        require([None, Problem("It rains.", "Wait."), None])
    assert (caught.value.what, caught.value.cure) == ("It rains.", "Wait.")
