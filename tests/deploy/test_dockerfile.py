"""The image: reproducible, small, and not run as root."""

from __future__ import annotations

import fnmatch
import re
import tomllib

import pytest

from tests.deploy.compose import ROOT

TEXT = (ROOT / "deploy/docker/Dockerfile").read_text(encoding="utf-8")
#: The instructions, continuation lines joined and comments dropped.
INSTRUCTIONS = [
    line.split(None, 1)
    for line in re.sub(r"\\\n\s*", "", re.sub(r"^#.*\n", "", TEXT, flags=re.MULTILINE)).splitlines()
    if line.strip()
]
LAST_STAGE = INSTRUCTIONS[max(i for i, one in enumerate(INSTRUCTIONS) if one[0] == "FROM") :]


def _values(name: str, instructions: list[list[str]] = INSTRUCTIONS) -> list[str]:
    return [one[1] for one in instructions if one[0] == name]


def test_both_stages_start_from_one_pinned_python() -> None:
    assert re.match(r"PYTHON_IMAGE=python:3\.11\.\d+-slim-[a-z]+$", _values("ARG")[0])
    assert [value.split(" AS ")[0] for value in _values("FROM")] == ["${PYTHON_IMAGE}"] * 2


def test_libraries_come_from_the_lock_with_their_hashes() -> None:
    installs = [part for run in _values("RUN") for part in run.split("&&") if "pip install" in part]
    for install in installs:
        locked = "--require-hashes" in install and "-r requirements.lock" in install
        ours = "--no-deps --no-index" in install
        pinned = re.search(r'pip install "setuptools==[\d.]+"', install)
        assert locked or ours or pinned, install


def test_the_command_is_earshot_and_its_user_is_nobody_special() -> None:
    assert _values("ENTRYPOINT", LAST_STAGE) == ['["earshot"]']
    user, group = _values("USER", LAST_STAGE)[-1].split(":")
    assert int(user) >= 10_000
    assert int(group) >= 10_000


def test_the_image_says_what_it_is() -> None:
    labels = " ".join(_values("LABEL", LAST_STAGE))
    for label in ("title", "description", "licenses", "version", "revision"):
        assert f"org.opencontainers.image.{label}=" in labels
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert f"VERSION={project['version']}" in _values("ARG", LAST_STAGE)


def test_the_last_stage_copies_only_what_was_installed() -> None:
    assert _values("COPY", LAST_STAGE) == ["--from=build /opt/earshot /opt/earshot"]


def test_nothing_is_downloaded_past_the_package_manager_and_no_secret_is_an_argument() -> None:
    assert not _values("ADD")
    assert not re.search(r"\b(curl|wget|git clone)\b", TEXT)
    assert not re.search(r"PASSWORD|SECRET|TOKEN", TEXT)


def test_the_build_sees_what_it_copies_and_no_more() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    kept = {rule[1:].rstrip("/") for rule in rules if rule.startswith("!")}
    copied = {
        name.removeprefix("./")
        for value in _values("COPY")
        if not value.startswith("--from")
        for name in value.split()[:-1]
    }
    assert copied == kept


@pytest.mark.parametrize("secret", [".env", ".env.production", "deploy/.env"])
def test_secrets_beside_the_code_stay_out(secret: str) -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    last = [line for line in lines if line.startswith("**/")]
    assert any(fnmatch.fnmatch(f"/{secret}", rule.removeprefix("**")) for rule in last) or any(
        fnmatch.fnmatch(secret.rsplit("/", 1)[-1], rule.removeprefix("**/")) for rule in last
    )
